#pragma once
#include <optional>
#include <string>
#include <vector>

#include "core/base/json.hpp"

namespace ktb::core {

/// What a layer of a recipe gets wrong.
struct RecipeFault {
  std::string key;  ///< dotted, below the recipe: `optimizer.lr`
  std::string message;
  std::vector<std::string> known;  ///< words that would have done
  bool at_key = false;             ///< the key is wrong, not its value
};

/// Ten epochs of SGD with cosine: docs/contracts.md, trial.json.
Json default_recipe();

/// None: every key is known, every value has its type and range.
std::optional<RecipeFault> check_recipe(const Json& layer);

/// Later wins, key by key. `steps` and `epochs` replace each other; `"x2"` multiplies what is
/// there; another optimiser or schedule starts from its own defaults.
void apply_recipe(Json& recipe, const Json& layer);

/// The extent (`epochs` or `steps`) that a layer makes void; empty: none.
std::string replaced_extent(const Json& layer);

/// `value` over `base`, where either may be relative (`"x2"`).
Json scaled_extent(const Json& base, const Json& value);

}  // namespace ktb::core
