#pragma once
#include <cstdint>

namespace ktb {

/// The run in steps and epochs: for methods that size a buffer by the batch or change after epochs.
struct Budget {
  std::int64_t batch = 0;        ///< examples of a step; the last step of an epoch may have fewer
  std::int64_t epoch_steps = 0;  ///< steps of one epoch of the target's data

  /// Whole steps that so many epochs take.
  std::int64_t steps(double epochs) const {
    return static_cast<std::int64_t>(epochs * static_cast<double>(epoch_steps));
  }
};

}  // namespace ktb
