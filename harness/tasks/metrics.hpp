#pragma once
#include <string>

#include "ktb/task.hpp"

namespace ktb::tasks {

/// [N] the rank of each label [N] by its logit among [N, C]: how many classes have one that is not
/// below it. 1 is right, and ties count against the label; 0, which is wrong, where it is NaN.
Tensor label_ranks(const Tensor& logits, const Tensor& labels);
/// [N] whether these ranks are among the k best.
Tensor among_best(const Tensor& ranks, std::int64_t k);

/// The full set of metrics of one evaluation, float64 on the CPU, fractions; computed there too.
///
/// single_label, of logits [N, C] and labels [N]: accuracies by label_ranks(), all that counts
/// decisions by the largest logit. `ece15` has 15 bins (lo, hi]; top5 for more than five classes;
/// NLL is not clipped.
///
/// multi_label, of scores [N, L] and labels [N, L] of 0 and 1: the decision is score > 0. Average
/// precision is the step sum, equal scores share a threshold; 0 for a label without positives.
///
/// regression, of prediction [N] and target [N]: correlations of constant input are NaN.
///
/// Throws Error on another kind.
Tensors classification_metrics(const std::string& kind, const Tensors& in);

/// mae, rmse, r2, pearson, spearman: those of `regression` that stay cheap for many examples.
Tensors regression_metrics(const Tensor& predictions, const Tensor& targets);

}  // namespace ktb::tasks
