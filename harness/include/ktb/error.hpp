#pragma once
#include <stdexcept>
#include <string>

#include "ktb/export.hpp"

namespace ktb {

/// A fault that the user can mend: the text says what is wrong and what to do.
struct KTB_API Error : std::runtime_error {
  explicit Error(const std::string& text);
  ~Error() override;
};

/// An option that does not exist, has the wrong type or lies outside its range.
struct KTB_API OptionError final : Error {
  OptionError(const std::string& option, const std::string& text);
  ~OptionError() override;
  std::string option;
};

/// Data that are in none of the places where they may lie.
struct KTB_API MissingData final : Error {
  explicit MissingData(const std::string& text);
  ~MissingData() override;
};

/// Raised by the harness, or by a method that notices it first:
/// a loss or weight is no longer finite.
struct KTB_API Diverged final : Error {
  explicit Diverged(const std::string& text);
  ~Diverged() override;
};

}  // namespace ktb
