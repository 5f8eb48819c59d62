#pragma once
#include "tasks/task_kind.hpp"

namespace ktb::tasks {

/// Pictures and texts that belong together: y["entry"] [B] says which picture a text is of;
/// predictions are [B, 2, d], of the picture and of the text, and are compared by cosine.
class Retrieval final : public TaskKind {
 public:
  using TaskKind::TaskKind;
  /// In fp32: cross-entropy of the own text among the batch's texts and of the own picture among
  /// its pictures, half each, at temperature 0.07. Texts of one picture are no rivals.
  Tensor loss(const Tensor& prediction, const Batch& batch) const override;

  /// Those of retrieval_metrics(), over the whole split, and loss. An example is correct where its
  /// text finds the picture first.
  std::unique_ptr<Meter> meter(const Texts&) const override;
  /// chance: rsum of a random order.
  Metrics floor(const Tensors& test_y, const Texts&) const override;
  std::string primary() const override { return "rsum"; }
  std::vector<std::int64_t> prediction_shape(const Batch& inputs) const override {
    return {inputs.size(), 2, spec().outputs};
  }
};

}  // namespace ktb::tasks
