#pragma once
#include <map>
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
  std::vector<Setting> settings;
  Json fields;  ///< what the key hashes
};

using Origin = std::map<std::string, std::string>;  ///< of `Cell::origin`

Explanation explain(const Trial& trial, const Origin& origin);

/// The members in which two trials' `fields` differ, as `recipe.epochs: 2 -> 3`, build and LibTorch
/// in words; none: the same trial.
std::vector<std::string> key_difference(const Json& before, const Json& after);

}  // namespace ktb::core
