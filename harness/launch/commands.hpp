#pragma once
#include <cstdio>
#include <string>
#include <vector>

#include "core/plan/plan.hpp"
#include "core/store/store.hpp"
#include "launch/local.hpp"

namespace ktb::launch {

/// Writes the trials down as a list of work and prints one shell command a trial, in waves: what
/// stands under `# wave 2` needs something of `# wave 1`. Each may run anywhere where the folder of
/// results is, at any time and twice: what is done is not done again, what another runs is waited
/// for, and a source that is missing is trained first.
void print_commands(const std::string& name, const std::vector<const core::Trial*>& trials,
                    const core::Store& store, const PoolOptions& options, std::FILE* out);

}  // namespace ktb::launch
