#pragma once
#include <iosfwd>
#include <string>

#include "core/plan/trial_spec.hpp"
#include "run/plugins/loader.hpp"
#include "run/train/build.hpp"

namespace ktb::run {

/// Writes class probabilities of a finished trial's target as CSV with a header: of its test split
/// in the order of samples.bin, `example,label,predicted,p.CLASS...`, or of all pictures below
/// `input`, `file,predicted,p.CLASS...`. Everything comes from the weights that the trial kept.
/// Throws Error where they are not enough: there are no classes, or the method predicts with more
/// than its target.
void predict(const core::TrialSpec& spec, const Place& place, Registry& registry,
             const std::string& input, std::ostream& out);

}  // namespace ktb::run
