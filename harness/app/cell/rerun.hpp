#pragma once
#include "app/session.hpp"
#include "core/plan/plan.hpp"
#include "core/store/comparison.hpp"

namespace ktb::app {

struct RerunOptions {
  int threads = 0;  ///< 0: as many as the first time
  double tolerance = core::kTolerance;
};

/// Runs a trial that has an ok record once more, in a folder of its own, and says whether the two
/// are identical, equal or different, and why. Without a record of its own it is compared with that
/// of another build, plugin or data. False: they are different. Throws core::Error where there is
/// nothing to compare with or a source's weights cannot be used.
bool rerun(const Site& site, const core::Trial& trial, const RerunOptions& options);

}  // namespace ktb::app
