#pragma once
#include <string>
#include <vector>

#include "core/plan/describe.hpp"
#include "run/plugins/loader.hpp"

namespace ktb::run {

/// Answers for the plugins of a plan: docs/contracts.md, "describe". What goes wrong with one entry
/// is that entry's `error`.
core::DescribeAnswers describe(const core::DescribeRequest& request, Registry& registry,
                               const std::vector<std::string>& data_dirs);

}  // namespace ktb::run
