#pragma once
#include <optional>
#include <string>

#include "core/store/trial_folder.hpp"

namespace ktb::core {

/// The SHA-256 that a trial's record has of its weights; empty where it has none, as records of
/// older versions, or there is no record. Throws Error for a record that cannot be read.
std::string recorded_weights(const TrialFolder& folder);

/// What is wrong with the weights of a trial, in a sentence with file and cure: they are not there,
/// or not the ones that the record tells of. None: they can be used.
std::optional<std::string> weights_fault(const TrialFolder& folder, const std::string& recorded);

}  // namespace ktb::core
