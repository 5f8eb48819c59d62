#pragma once
#include <string>
#include <vector>

#include "core/plan/trial_spec.hpp"
#include "core/plan/union_spec.hpp"

namespace ktb::core {

/// One part of a trial in a line: `recipe`, `epochs 12, batch 32, sgd, lr 0.02`.
struct SettingLine {
  std::string name, value;
};

/// The data sets that make up a task's; empty: it is no union, or its description is damaged.
std::vector<UnionPart> union_parts(const TaskRef& task);

/// Task, target, sources, method and recipe with their options; what is off or empty is left out.
std::vector<SettingLine> settings_of(const TrialSpec& trial);

}  // namespace ktb::core
