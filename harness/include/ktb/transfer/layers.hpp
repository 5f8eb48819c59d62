#pragma once
#include <torch/nn/modules/linear.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "ktb/export.hpp"

namespace ktb {

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
