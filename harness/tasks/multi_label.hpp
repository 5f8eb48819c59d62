#pragma once
#include "tasks/task_kind.hpp"

namespace ktb::tasks {

/// Any number of `spec.outputs` labels at once: y["labels"] [B, C] float, 0 or 1; predictions are
/// logits [B, C], and a label is chosen where its logit is above 0.
class MultiLabel final : public TaskKind {
 public:
  using TaskKind::TaskKind;
  /// Binary cross-entropy in fp32, mean over the labels.
  Tensor loss(const Tensor& prediction, const Batch& batch) const override;

  /// map (mean over the labels that occur), micro_f1, macro_f1, samples_f1, hamming_loss,
  /// subset_accuracy, loss. Correct is an example with all labels right.
  std::unique_ptr<Meter> meter(const Texts&) const override;
  /// chance: examples in random order;
  /// majority: all alike, so that a label's average precision is its share.
  Metrics floor(const Tensors& test_y, const Texts&) const override;
  std::string primary() const override { return "map"; }
};

}  // namespace ktb::tasks
