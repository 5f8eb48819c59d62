#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "core/base/json.hpp"

namespace ktb::core {

/// Of more classes nobody keeps it or reads it.
inline constexpr std::size_t kMostClasses = 200;

/// What a trial took the classes of its test split for: confusion.json of docs/contracts.md.
struct Confusion {
  std::vector<std::string> classes;                ///< names; empty: the data set has none
  std::vector<std::vector<std::uint64_t>> counts;  ///< row: the true class; column: the answer
};

Json to_json(const Confusion& confusion);
/// Throws Error: something is missing or of another type, not square, or of too many classes.
Confusion confusion_from_json(const Json& json);

}  // namespace ktb::core
