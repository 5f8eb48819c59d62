#pragma once
#include "tasks/task_kind.hpp"

namespace ktb::tasks {

/// One number: y["value"] [B] float; predictions are [B, 1].
class Regression final : public Kind {
 public:
  using Kind::Kind;
  /// Squared error in fp32.
  Tensor loss(const Tensor& prediction, const Batch& batch) const override;

  /// r2, rmse, mae, pearson, spearman, loss. No example is right or wrong.
  std::unique_ptr<Meter> meter(const Texts&) const override;
  /// chance: the mean of the test split for all, which is r2 = 0.
  Metrics floor(const Tensors& test_y, const Texts&) const override;
  std::string primary() const override { return "r2"; }
};

}  // namespace ktb::tasks
