#pragma once
#include <torch/nn/modules/dropout.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/modules/normalization.h>

#include "ktb/task.hpp"

namespace ktb::mergenet {

/// Linear layer whose weight is divided by an estimate of its largest singular value; buffers u
/// [out] and v [in] follow by one power iteration per training forward, u first. Equal to PyTorch's
/// `parametrizations.spectral_norm`. Miyato et al., arXiv 1802.05957.
class SpectralLinearImpl : public torch::nn::Module {
 public:
  SpectralLinearImpl(std::int64_t in, std::int64_t out);
  Tensor forward(const Tensor& x);

  Tensor weight, bias, u, v;

 private:
  void iterate();
};
TORCH_MODULE(SpectralLinear);

/// Post-norm attention of the rows of one matrix over those of another, without a batch:
/// LayerNorm(x + fc_out(softmax(q k^T / sqrt(d)) v)). x [n, query_width], source [k, key_width].
class CrossAttentionImpl : public torch::nn::Module {
 public:
  CrossAttentionImpl(std::int64_t query_width, std::int64_t key_width, std::int64_t head_width,
                     std::int64_t heads, double dropout, double norm_eps);
  Tensor forward(const Tensor& x, const Tensor& source);
  /// The softmax's shares [heads, n, k].
  Tensor attention(const Tensor& x, const Tensor& source);

 private:
  Tensor split(const Tensor& tokens) const;

  std::int64_t heads_, head_width_;
  torch::nn::Linear fc_q_{nullptr}, fc_k_{nullptr}, fc_v_{nullptr}, fc_out_{nullptr};
  torch::nn::LayerNorm norm_{nullptr};
  torch::nn::Dropout dropout_{nullptr};
};
TORCH_MODULE(CrossAttention);

}  // namespace ktb::mergenet
