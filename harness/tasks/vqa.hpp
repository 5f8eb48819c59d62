#pragma once
#include "tasks/task_kind.hpp"

namespace ktb::tasks {

/// A question about a picture, answered by one of `spec.classes`; predictions are logits [B, C].
/// With one right answer, y["label"] [B], the task is categorical; with ten answers of people,
/// y["scores"] [B, C] holds what each class is worth, and the texts `answers` judge.
class Vqa final : public TaskKind {
 public:
  using TaskKind::TaskKind;
  /// In fp32: cross-entropy with the label, or binary cross-entropy with the scores,
  /// summed over the answers.
  Tensor loss(const Tensor& prediction, const Batch& batch) const override;
  Tensor logits(const Tensor& prediction) const override;
  Tensor labels(const Batch& batch) const override;

  /// accuracy where labels are, vqa where entries have ten answers, by their type too; loss.
  /// Correct is an example whose label is met, or an answer that three of ten gave.
  std::unique_ptr<Meter> meter(const Texts& texts) const override;
  /// chance: an answer drawn at random; majority: the one answer that scores best.
  Metrics floor(const Tensors& test_y, const Texts& texts) const override;
  std::string primary() const override { return spec().categorical ? "accuracy" : "vqa"; }
};

}  // namespace ktb::tasks
