#include "ktb/step.hpp"

#include <torch/types.h>

namespace ktb {

Tensor Lane::losses(const Tensor& prediction) const { return task->loss(prediction, batch); }

Tensor Lane::losses(const Tensor& prediction, const Tensor& rows) const {
  return task->loss(prediction, batch.rows(rows));
}

Tensor Lane::loss(const Tensor& prediction) const { return losses(prediction).mean(); }
Tensor Lane::logits(const Tensor& prediction) const { return task->logits(prediction); }
Tensor Lane::labels() const { return task->labels(batch); }

Step::~Step() = default;

Tensor Step::ramp(double epochs) const {
  return epochs > 0 ? (epoch / epochs).clamp_max(1) : epoch.new_ones({});
}

}  // namespace ktb
