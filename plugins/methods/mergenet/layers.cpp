#include "layers.hpp"

#include <torch/types.h>

#include <cmath>

#include "ktb/transfer/maps.hpp"
#include "products.hpp"

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

std::pair<Tensor, Tensor> SpectralLinearImpl::iterate() {
  const at::NoGradGuard no_grad;
  const auto left = unit(weight.mv(v), 0), right = unit(weight.t().mv(left), 0);
  u.copy_(left);
  v.copy_(right);
  return {left, right};
}

Tensor SpectralLinearImpl::forward(const Tensor& x) {
  // Copies, since a later forward moves the buffers before this one's backward may have run.
  const auto [left, right] = is_training() ? iterate() : std::pair{u.clone(), v.clone()};
  return spectral_linear(x, weight, bias, left, right);
}

CrossAttentionImpl::CrossAttentionImpl(std::int64_t query_width, std::int64_t key_width,
                                       std::int64_t head_width, std::int64_t heads, double dropout,
                                       double norm_eps)
    : heads_(heads) {
  const auto width = heads * head_width;
  fc_q = register_module("fc_q", nn::Linear(query_width, width));
  fc_k = register_module("fc_k", nn::Linear(key_width, width));
  fc_v = register_module("fc_v", nn::Linear(key_width, width));
  fc_out = register_module("fc_out", nn::Linear(width, query_width));
  norm_ = register_module("norm", nn::LayerNorm(nn::LayerNormOptions({query_width}).eps(norm_eps)));
  dropout_ = register_module("dropout", nn::Dropout(dropout));
}

Tensor CrossAttentionImpl::forward(const Tensor& x, const Tensor& q, const Tensor& k,
                                   const Tensor& v) {
  const double dropout = is_training() ? dropout_->options.p() : 0;
  return norm_(fc_out(attend(q, k, v, heads_, dropout)) + x);
}

Tensor CrossAttentionImpl::attention(const Tensor& q, const Tensor& k) const {
  const auto by_head = [&](const Tensor& tokens) {
    return tokens.view({tokens.size(0), heads_, -1}).transpose(0, 1);
  };
  const double scale = std::sqrt(static_cast<double>(q.size(1)) / static_cast<double>(heads_));
  return by_head(q).matmul(by_head(k).transpose(1, 2)).div(scale).softmax(-1);
}

}  // namespace ktb::mergenet
