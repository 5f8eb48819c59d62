#pragma once
#include <string>

#include "ktb/task.hpp"

namespace ktb::tasks {

/// The full set of metrics of one evaluation, float64 on the CPU, fractions; computed there too.
///
/// single_label  in: logits [N, C], labels [N]. Ties count against the label. `ece15`: 15 bins (lo,
/// hi];
///               top5 for more than five classes; NLL is not clipped.
/// multi_label   in: scores [N, L], labels [N, L] of 0 and 1. Decision: score > 0. Average
/// precision is
///               the step sum, equal scores share a threshold; 0 for a label without positives.
/// regression    in: prediction [N], target [N]. Correlations of constant input are NaN.
///
/// Throws Error on another kind.
Tensors classification_metrics(const std::string& kind, const Tensors& in);

/// mae, rmse, r2, pearson, spearman: those of `regression` that stay cheap for many examples.
Tensors regression_metrics(const Tensor& predictions, const Tensor& targets);

}  // namespace ktb::tasks
