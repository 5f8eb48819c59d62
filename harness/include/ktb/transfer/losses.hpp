#pragma once
#include "ktb/task.hpp"

namespace ktb {

/// T^2 KL(softmax(source / T) || softmax(target / T)), summed over classes, mean over rows; [B, C]
/// each. Hinton et al., arXiv 1503.02531.
KTB_API Tensor kl_divergence(const Tensor& target, const Tensor& source, double temperature = 1);

/// -T^2 sum softmax(source / T) log_softmax(target / T), mean over rows: kl_divergence plus the
/// source's entropy, so its gradient is the same.
KTB_API Tensor soft_cross_entropy(const Tensor& target, const Tensor& source,
                                  double temperature = 1);

/// [B, C - 1]: what is left of [B, C] without the entry of each row's label [B].
KTB_API Tensor other_classes(const Tensor& logits, const Tensor& labels);

/// [B, C] like `logits`: 1 - spread on the label [B], spread / (C - 1) on each other class.
KTB_API Tensor smoothed(const Tensor& labels, const Tensor& logits, double spread);

/// sum ||w - w_0||^2 / 2 over all tensors of a list; without a start w_0 is 0.
KTB_API Tensor half_square(const std::vector<Tensor>& weights,
                           const std::vector<Tensor>& start = {});

}  // namespace ktb
