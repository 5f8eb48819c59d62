#pragma once
#include <cstdio>
#include <vector>

#include "core/plan/plan.hpp"
#include "core/store/store.hpp"
#include "launch/local.hpp"

namespace ktb::launch {

/// Prints one shell command a trial, sources first, for whoever runs them elsewhere: in this order
/// one after the other, or side by side as long as a trial starts after its sources.
/// Writes each trial's trial.json.
void print_commands(const std::vector<const core::Trial*>& trials, const core::Store& store,
                    const PoolOptions& options, std::FILE* out);

}  // namespace ktb::launch
