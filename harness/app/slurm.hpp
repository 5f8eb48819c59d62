#pragma once
#include <string>

#include "app/session.hpp"
#include "app/summary.hpp"
#include "core/store/store.hpp"
#include "launch/local.hpp"

namespace ktb::app {

/// Shows what of the plan is in Slurm's queue and submits the rest. Gives the exit code.
int run_on_slurm(const Summary& summary, const core::Store& store, launch::PoolOptions options,
                 const Choice& choice, const std::string& site_file);

}  // namespace ktb::app
