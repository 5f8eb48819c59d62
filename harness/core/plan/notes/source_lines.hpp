#pragma once
#include <string>
#include <vector>

#include "core/plan/trials.hpp"

namespace ktb::core {

/// What each source of a plan is, in one line each: `t0: from r56.pth as it is`,
/// `r56: trained, 40 epochs`.
std::vector<std::string> source_lines(const std::vector<Wish>& wishes, DraftBook& drafts,
                                      Describer& describer, Drafter& drafter);

}  // namespace ktb::core
