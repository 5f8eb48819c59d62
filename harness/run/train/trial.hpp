#pragma once
#include <atomic>
#include <string>
#include <vector>

#include "core/store/record.hpp"
#include "run/train/build.hpp"

namespace ktb::run {

/// Runs one trial from data to record and writes what docs/contracts.md lists into `place.folder`,
/// the record last. Never throws for what goes wrong inside the trial: that is the record's status.
/// `stop` is looked at between steps; once set the trial ends as `interrupted`.
core::Record run_trial(const core::TrialSpec& spec, const Place& place, Registry& registry,
                       const std::atomic<bool>& stop);

}  // namespace ktb::run
