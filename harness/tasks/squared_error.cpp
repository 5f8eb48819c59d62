#include "tasks/squared_error.hpp"

#include <ATen/TensorOperators.h>

namespace ktb::tasks {

Tensor SquaredError::loss(const Tensor& prediction, const Batch& batch) const {
  return (prediction.to(at::kFloat) - wanted(batch).to(at::kFloat)).square().mean(1);
}

}  // namespace ktb::tasks
