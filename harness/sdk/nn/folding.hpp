#pragma once
#include <torch/nn/modules/batchnorm.h>

#include <array>
#include <cstdint>
#include <utility>

#include "ktb/nn/blocks.hpp"

namespace ktb {

/// In the place of a convolution: alone it is that convolution, and a ConvNorm asks it for both.
class Folding {
 public:
  explicit Folding(ConvolutionImpl& conv) : conv_(&conv) {}

  at::Tensor operator()(const at::Tensor& x) const;
  /// Convolution and normalisation as one, where these have running statistics.
  at::Tensor with(torch::nn::BatchNorm2dImpl& norm, const at::Tensor& x);

 private:
  /// Which memory was read in which state.
  using Print = std::array<std::pair<const void*, std::uint32_t>, 5>;
  Print print_of(const torch::nn::BatchNorm2dImpl& norm) const;
  void fold(const torch::nn::BatchNorm2dImpl& norm, at::ScalarType type);

  ConvolutionImpl* conv_;  // whose stand-in this is
  at::Tensor weight_, bias_;
  Print print_ = {};
};

}  // namespace ktb
