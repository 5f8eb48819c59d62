#pragma once
#include "app/session.hpp"
#include "core/plan/plan.hpp"

namespace ktb::app {

/// Runs a trial that has an ok record once more, in a folder of its own, and says where the two
/// differ. True: nowhere, times and host aside. `threads` 0: as many as the first time. Throws
/// core::Error where there is nothing to compare with or a source's weights are gone.
bool rerun(const Site& site, const core::Trial& trial, int threads);

}  // namespace ktb::app
