#pragma once
#include <torch/nn/modules/dropout.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/modules/normalization.h>

#include <utility>

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
  /// u and v after it, not in the buffers' memory.
  std::pair<Tensor, Tensor> iterate();
};
TORCH_MODULE(SpectralLinear);

/// Post-norm attention of the rows of one matrix over those of another, without a batch:
/// LayerNorm(x + fc_out(softmax(q k^T / sqrt(d)) v)). Its caller computes q, k and v, since several
/// attentions read the same rows.
class CrossAttentionImpl : public torch::nn::Module {
 public:
  CrossAttentionImpl(std::int64_t query_width, std::int64_t key_width, std::int64_t head_width,
                     std::int64_t heads, double dropout, double norm_eps);
  /// x [n, query_width]; q = fc_q(x) and, of the other's rows, k = fc_k and v = fc_v.
  Tensor forward(const Tensor& x, const Tensor& q, const Tensor& k, const Tensor& v);
  /// The softmax's shares [heads, n, k].
  Tensor attention(const Tensor& q, const Tensor& k) const;

  torch::nn::Linear fc_q{nullptr}, fc_k{nullptr}, fc_v{nullptr}, fc_out{nullptr};

 private:
  std::int64_t heads_;
  torch::nn::LayerNorm norm_{nullptr};
  torch::nn::Dropout dropout_{nullptr};
};
TORCH_MODULE(CrossAttention);

}  // namespace ktb::mergenet
