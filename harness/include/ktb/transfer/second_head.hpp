#pragma once
#include <string>
#include <vector>

#include "ktb/method.hpp"
#include "ktb/options.hpp"

// The source's head kept on the target's trunk, beside the target's own head.

namespace ktb {

/// Trunks, inputs or the kinds of task that do not allow it, or "".
KTB_API Reason unlike_second_head(const Pairing& pairing);

/// The source's head trains on the trunk that the target starts from.
inline SourceUse second_head_use() {
  return {.features = false, .starts_target = true, .trains_head = true};
}

/// Declares the option `trunk_lr`, the factor for second_head_groups().
KTB_API double second_head_lr(Options& options);

/// The target's trunk and the first source's head, both at `lr_scale` times the rate of the rest.
KTB_API std::vector<Group> second_head_groups(const Transfer& transfer, double lr_scale);

}  // namespace ktb
