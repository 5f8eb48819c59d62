#pragma once
#include <torch/nn/modules/dropout.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/modules/normalization.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "ktb/export.hpp"

namespace ktb {

/// Linear layer whose weight is divided by an estimate of its largest singular value; buffers u
/// [out] and v [in] follow by one power iteration per training forward, u first. Equal to PyTorch's
/// `parametrizations.spectral_norm`. Miyato et al., arXiv 1802.05957.
class KTB_API SpectralLinearImpl : public torch::nn::Module {
 public:
  SpectralLinearImpl(std::int64_t in, std::int64_t out);
  at::Tensor forward(const at::Tensor& x);

  at::Tensor weight, bias, u, v;

 private:
  void iterate();
};
TORCH_MODULE(SpectralLinear);

/// Post-norm attention of the rows of one matrix over those of another, without a batch:
/// LayerNorm(x + fc_out(softmax(q k^T / sqrt(d)) v)). x [n, query_width], source [k, key_width].
class KTB_API CrossAttentionImpl : public torch::nn::Module {
 public:
  CrossAttentionImpl(std::int64_t query_width, std::int64_t key_width, std::int64_t head_width,
                     std::int64_t heads, double dropout, double norm_eps);
  at::Tensor forward(const at::Tensor& x, const at::Tensor& source);
  /// The softmax's shares [heads, n, k].
  at::Tensor attention(const at::Tensor& x, const at::Tensor& source);

 private:
  at::Tensor split(const at::Tensor& tokens) const;

  std::int64_t heads_, head_width_;
  torch::nn::Linear fc_q_{nullptr}, fc_k_{nullptr}, fc_v_{nullptr}, fc_out_{nullptr};
  torch::nn::LayerNorm norm_{nullptr};
  torch::nn::Dropout dropout_{nullptr};
};
TORCH_MODULE(CrossAttention);

/// The regressor of FitNets (arXiv 1412.6550) as it is commonly built: convolution, batch
/// normalisation, ReLU, from maps [B, from...] to maps of `to`; both are {channels, height, width}.
/// Twice as high: 3x3 of stride 2; half as high: transposed 4x4 of stride 2; larger otherwise: a
/// kernel that leaves `to`. Smaller otherwise: 3x3, and the height and width of `from` stay.
class KTB_API ConvRegressorImpl : public torch::nn::Module {
 public:
  ConvRegressorImpl(const std::vector<std::int64_t>& from, const std::vector<std::int64_t>& to,
                    bool relu = true);
  at::Tensor forward(const at::Tensor& x);

 private:
  bool relu_;
  std::shared_ptr<torch::nn::Module> conv_, bn_;
};
TORCH_MODULE(ConvRegressor);

/// 1x1 to `mid` channels, 3x3, 1x1 to `to`, without bias, each followed by batch normalisation and
/// ReLU; without `last_norm` the last convolution stands alone.
/// Parameters conv1, bn1, ... DefangChen/SimKD.
class KTB_API ConvBottleneckImpl : public torch::nn::Module {
 public:
  ConvBottleneckImpl(std::int64_t from, std::int64_t mid, std::int64_t to, bool last_norm);
  at::Tensor forward(const at::Tensor& x);

 private:
  std::shared_ptr<torch::nn::Module> layers_[6];
};
TORCH_MODULE(ConvBottleneck);

/// A linear layer of the name `linear`, whose results may be divided by their Euclidean norm.
class KTB_API EmbeddingImpl : public torch::nn::Module {
 public:
  EmbeddingImpl(std::int64_t from, std::int64_t to, bool unit_length);
  at::Tensor forward(const at::Tensor& x);

 private:
  bool unit_length_;
  torch::nn::Linear linear_{nullptr};
};
TORCH_MODULE(Embedding);

}  // namespace ktb
