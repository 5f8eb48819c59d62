#pragma once
#include <torch/nn/modules/batchnorm.h>

namespace ktb {

/// Batch normalisation that also takes a single value a channel, as a batch of one example has on a
/// map of one position: that has no statistics of its own, so the running ones serve.
inline at::Tensor normalised(torch::nn::BatchNorm2dImpl& norm, const at::Tensor& x) {
  const bool single = norm.is_training() && x.size(0) * x.size(2) * x.size(3) == 1;
  if (!single) return norm.forward(x);
  norm.eval();
  const auto out = norm.forward(x);
  norm.train();
  return out;
}

}  // namespace ktb
