#pragma once
#include <string>

#include "core/plan/plan.hpp"

namespace ktb::core {

/// The text of `to_json(plan)`, for less time and memory. `indent` -1: one line.
std::string plan_text(const Plan& plan, int indent = -1);

}  // namespace ktb::core
