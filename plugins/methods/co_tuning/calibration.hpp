#pragma once
#include "ktb/task.hpp"

namespace ktb::co_tuning {

/// The factor c, at most 1e4 in size, with the least mean cross-entropy of c logits; [N, C] and
/// [N]. Computed in double.
double calibration(const Tensor& logits, const Tensor& labels);

}  // namespace ktb::co_tuning
