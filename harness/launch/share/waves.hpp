#pragma once
#include <map>
#include <string>
#include <vector>

#include "core/plan/plan.hpp"

namespace ktb::launch {

/// How many trials in a row end before each can start, and one: by id. `trials`, sources first, are
/// all that is still to be run.
std::map<std::string, int> waves(const std::vector<const core::Trial*>& trials);

}  // namespace ktb::launch
