#include "layers.hpp"

#include <torch/types.h>

#include <cmath>

#include "ktb/transfer/maps.hpp"

namespace ktb::mergenet {
namespace nn = torch::nn;

SpectralLinearImpl::SpectralLinearImpl(std::int64_t in, std::int64_t out) {
  const nn::Linear start(in, out);
  weight = register_parameter("weight", start->weight.detach().clone());
  bias = register_parameter("bias", start->bias.detach().clone());
  u = register_buffer("u", unit(torch::randn({out}), 0));
  v = register_buffer("v", unit(torch::randn({in}), 0));
  for (int i = 0; i < 15; ++i) iterate();
}

void SpectralLinearImpl::iterate() {
  const at::NoGradGuard no_grad;
  u.copy_(unit(weight.mv(v), 0));
  v.copy_(unit(weight.t().mv(u), 0));
}

Tensor SpectralLinearImpl::forward(const Tensor& x) {
  if (is_training()) iterate();
  // Copies, since a later forward moves the buffers before this one's backward may have run.
  const auto sigma = u.clone().dot(weight.mv(v.clone()));
  // Dividing the result costs less than dividing the weight: there are fewer rows than outputs.
  return x.matmul(weight.t()) / sigma + bias;
}

CrossAttentionImpl::CrossAttentionImpl(std::int64_t query_width, std::int64_t key_width,
                                       std::int64_t head_width, std::int64_t heads, double dropout,
                                       double norm_eps)
    : heads_(heads), head_width_(head_width) {
  const auto width = heads * head_width;
  fc_q_ = register_module("fc_q", nn::Linear(query_width, width));
  fc_k_ = register_module("fc_k", nn::Linear(key_width, width));
  fc_v_ = register_module("fc_v", nn::Linear(key_width, width));
  fc_out_ = register_module("fc_out", nn::Linear(width, query_width));
  norm_ = register_module("norm", nn::LayerNorm(nn::LayerNormOptions({query_width}).eps(norm_eps)));
  dropout_ = register_module("dropout", nn::Dropout(dropout));
}

Tensor CrossAttentionImpl::split(const Tensor& tokens) const {
  return tokens.view({-1, heads_, head_width_}).transpose(0, 1);
}

Tensor CrossAttentionImpl::attention(const Tensor& x, const Tensor& source) {
  const auto query = split(fc_q_(x)) / std::sqrt(static_cast<double>(head_width_));
  return query.matmul(split(fc_k_(source)).transpose(1, 2)).softmax(-1);
}

Tensor CrossAttentionImpl::forward(const Tensor& x, const Tensor& source) {
  const auto heads = dropout_(attention(x, source)).matmul(split(fc_v_(source)));
  return norm_(x + fc_out_(heads.transpose(0, 1).flatten(1)));
}

}  // namespace ktb::mergenet
