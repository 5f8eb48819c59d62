#pragma once
#include <string>
#include <vector>

#include "core/base/json.hpp"
#include "run/plugins/loader.hpp"

namespace ktb::run {

/// Answers for the plugins of a plan: docs/contracts.md, "describe". What goes wrong with one entry
/// is that entry's `error`.
core::Json describe(const core::Json& request, Registry& registry,
                    const std::vector<std::string>& data_dirs);

}  // namespace ktb::run
