#pragma once
#include "tasks/task_kind.hpp"

namespace ktb::tasks {

/// One label out of `spec.outputs` classes, in y["label"] [B] int64, or a distribution over them in
/// y["soft_label"] [B, C], as mixed images have it; predictions are logits [B, C].
class Classification final : public TaskKind {
 public:
  using TaskKind::TaskKind;
  /// Cross-entropy in fp32.
  Tensor loss(const Tensor& prediction, const Batch& batch) const override;
  Tensor logits(const Tensor& prediction) const override { return prediction; }
  Tensor labels(const Batch& batch) const override;

  /// top1, loss and, for more than five classes, top5.
  std::unique_ptr<Meter> meter(const Texts&) const override;
  /// chance: 1 / classes; majority: the share of the most frequent class.
  Metrics floor(const Tensors& test_y, const Texts&) const override;
  std::string primary() const override { return "top1"; }
};

}  // namespace ktb::tasks
