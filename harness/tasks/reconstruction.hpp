#pragma once
#include "tasks/task_kind.hpp"

namespace ktb::tasks {

/// P numbers an example, say the pixels of its own picture: y["pixels"] [B, P] float; predictions
/// are [B, P].
class Reconstruction final : public Kind {
 public:
  using Kind::Kind;
  /// Mean squared error over the numbers, in fp32.
  Tensor loss(const Tensor& prediction, const Batch& batch) const override;

  /// r2 over all numbers, against the mean of each; loss. No example is right or wrong.
  std::unique_ptr<Meter> meter(const Texts&) const override;
  /// chance: the mean of each number, which is r2 = 0.
  Metrics floor(const Tensors& test_y, const Texts&) const override;
  std::string primary() const override { return "r2"; }
};

}  // namespace ktb::tasks
