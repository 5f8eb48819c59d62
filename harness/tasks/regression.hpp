#pragma once
#include "tasks/squared_error.hpp"

namespace ktb::tasks {

/// One number: y["value"] [B] float.
class Regression final : public SquaredError {
 public:
  using SquaredError::SquaredError;
  /// r2, rmse, mae, pearson, spearman, loss.
  std::unique_ptr<Meter> meter(const Texts&) const override;

 protected:
  Tensor wanted(const Batch& batch) const override { return batch.y.at("value").unsqueeze(1); }
};

}  // namespace ktb::tasks
