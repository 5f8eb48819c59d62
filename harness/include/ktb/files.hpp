#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "ktb/error.hpp"

namespace ktb {

/// The places where data may lie, in the order in which they are tried: `--data-dir`,
/// `$KTBENCH_DATA`, the data set's usual places.
class KTB_API DataFolder {
 public:
  explicit DataFolder(std::vector<std::string> places);
  ~DataFolder();
  /// The path of a relative file name, or of its `.gz`; empty: in none of the places.
  std::string find(const std::string& name) const;
  /// find() that throws Error with the places it looked at.
  std::string require(const std::string& name) const;
  const std::vector<std::string>& places() const { return places_; }

 private:
  std::vector<std::string> places_;
};

using Bytes = std::vector<std::uint8_t>;

/// The whole file, decompressed if its name ends in .gz. Throws Error (missing, truncated,
/// corrupt).
KTB_API Bytes read_file(const std::string& path);
/// `sha256:<hex>` or `md5:<hex>` of bytes; the kind is that of `like`, sha256 where it is empty.
KTB_API std::string digest(const Bytes& bytes, const std::string& like = {});

}  // namespace ktb
