#pragma once
#include <string>
#include <vector>

#include "core/plan/trial_spec.hpp"
#include "ktb/pairing.hpp"
#include "run/plugins/loader.hpp"

namespace ktb::run {

/// The SDK's word for how a source comes about, and the plan's.
Mode mode_of(core::SourceMode mode);
core::SourceMode source_mode(Mode mode);
/// none, trained, trained-joint, fresh-joint
std::string to_string(Mode mode);

/// Where data may lie: the given folders, $KTBENCH_DATA, what scripts/setup --data has installed in
/// the tree of which this is a build.
std::vector<std::string> data_places(const std::vector<std::string>& dirs);
/// The places of a data set's files: those, and its usual places.
DataFolder data_folder(const Dataset& dataset, const std::vector<std::string>& dirs);

/// Measures a model by a forward of two examples of zeros.
ModelCard measure(Model& model, const std::string& name, const std::string& plugin);

}  // namespace ktb::run
