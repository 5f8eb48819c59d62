#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/json.hpp"
#include "core/store/pool.hpp"
#include "core/store/record.hpp"

namespace ktb::core {

/// Numbers by name. The names, which the records of a suite mostly have in common, are kept once.
template <class Number>
class Figures {
 public:
  using Names = std::vector<std::string>;

  Figures() = default;
  /// Throws Error where they are not as many.
  Figures(std::shared_ptr<const Names> names, std::vector<Number> values);

  std::optional<Number> find(std::string_view name) const {
    const auto found = std::find(names().begin(), names().end(), name);
    if (found == names().end()) return std::nullopt;
    return values_[static_cast<std::size_t>(found - names().begin())];
  }
  const Names& names() const {
    static const Names none;
    return names_ ? *names_ : none;
  }

 private:
  std::shared_ptr<const Names> names_;
  std::vector<Number> values_;
};

/// How a trial's numbers came about, as far as a table asks: members of the record as they stand
/// there, but for what each trial has of its own.
struct Making {
  std::optional<std::string> dataset;  ///< of its axes
  Json selected = Json::object(), provenance = Json::object();
};

/// What tables ask of a record, in a form of which a hundred thousand can be held.
struct Result : RecordHead {
  std::shared_ptr<const Making> making;  ///< never null in one that was read
  Figures<double> metrics, validation, floor, cost;
  Figures<std::int64_t> parameters, examples;
  std::vector<std::string> warnings;
};

/// Of a record, as core/base/bytes.hpp spells it; its first part is the record's head.
std::string result_bytes(const Record& record);
std::string result_shape();
/// That first part alone.
RecordHead result_head(std::string_view bytes);

/// Reads many of them. What they have in common lives on with each of them.
class ResultReader {
 public:
  Result read(std::string_view bytes);

 private:
  Pool<Making> makings_;
  Pool<std::vector<std::string>> names_;
};

/// As of the record.
std::string main_metric(const Result& result);
std::string machine_of(const Result& result);

}  // namespace ktb::core
