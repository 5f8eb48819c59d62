#pragma once
#include <string>
#include <vector>

#include "core/plan/plan.hpp"
#include "core/store/store.hpp"

namespace ktb::core {

/// What may be accepted: `build`, `libtorch`.
std::vector<std::string> acceptable();

/// Gives each trial without a record of its own the newest `ok` one of a trial that differs only in
/// what `words` name, in itself and in its sources, however far back. The plan's trial takes that
/// one's id, key and sources, and says in `accepted` what differs; trials that need it are keyed by
/// it. Throws Error for a word that is not `acceptable()`.
void accept(Plan& plan, const Store& store, const std::vector<std::string>& words);

}  // namespace ktb::core
