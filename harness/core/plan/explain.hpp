#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "core/base/json.hpp"
#include "core/plan/plan.hpp"

namespace ktb::core {

struct Setting {
  std::string name;  ///< dotted: recipe.optimizer.lr
  Json value;
  std::string origin;  ///< `x.toml:12` or `default`
};

/// Why a trial is as it is.
struct Explanation {
  std::string id, key;
  Reason hole;  ///< then nothing else is there
  std::vector<Setting> settings;
  Json fields;  ///< what the key hashes
};

/// Throws Error where the cell has no such seed.
Explanation explain(const Plan& plan, const Cell& cell, std::uint64_t seed);

/// The members in which two trials' `fields` differ, as `recipe.epochs: 2 -> 3`, build and LibTorch
/// in words; none: the same trial.
std::vector<std::string> key_difference(const Json& before, const Json& after);

}  // namespace ktb::core
