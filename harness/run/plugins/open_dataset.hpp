#pragma once
#include <memory>
#include <string>
#include <vector>

#include "core/base/json.hpp"
#include "core/base/system/shelf.hpp"
#include "core/plan/union_spec.hpp"
#include "run/plugins/loader.hpp"

namespace ktb::run {

/// The data set of a task: that of a plugin with its options, or a union of several. With a shelf,
/// what they decode lies there for later trials.
std::shared_ptr<Dataset> open_dataset(Registry& registry, const std::string& plugin,
                                      const core::Json& options,
                                      const std::vector<std::string>& data_dirs,
                                      core::Shelf* shelf = nullptr);

}  // namespace ktb::run
