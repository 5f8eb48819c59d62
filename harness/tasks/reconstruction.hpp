#pragma once
#include "tasks/squared_error.hpp"

namespace ktb::tasks {

/// P numbers an example, say the pixels of its own picture: y["pixels"] [B, P] float.
class Reconstruction final : public SquaredError {
 public:
  using SquaredError::SquaredError;
  /// r2 over all numbers, against the mean of each; loss.
  std::unique_ptr<Meter> meter(const Texts&) const override;

 protected:
  Tensor wanted(const Batch& batch) const override { return batch.y.at("pixels"); }
};

}  // namespace ktb::tasks
