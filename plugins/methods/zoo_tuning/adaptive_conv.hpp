#pragma once
#include <cstdint>
#include <utility>

#include "ktb/nn/blocks.hpp"

namespace ktb::zoo_tuning {

/// How the kernels of an AdaptiveConv are mixed.
struct AdaptiveRule {
  bool align = false;  ///< output channels of each kernel are first mixed by a matrix of its own
  bool lite = false;   ///< all inputs of a batch have common gates, whose running mean serves later
};

/// A convolution whose kernel is a mixture of m, by gates in (0, 1) that see its input: Zoo-Tuning,
/// arXiv 2106.15434. Parameters `weight` [m, o, i, k, k], `bias` [m, o], `align_conv` [m o, o, 1,
/// 1], which starts as identities, `gate.conv1`, `gate.conv2`; buffer `lite_gates` [m].
class AdaptiveConvImpl : public torch::nn::Module {
 public:
  /// With the shape and the bias of `like`; kernels and biases start at 0.
  AdaptiveConvImpl(const torch::nn::Conv2dImpl& like, std::int64_t m, const AdaptiveRule& rule);
  Tensor forward(const Tensor& x);
  /// [B, m] of inputs [B, i, h, w].
  Tensor gates(const Tensor& x);
  /// Kernels [G o, i, k, k] and biases [G o], undefined if there are none, by gates [G, m].
  std::pair<Tensor, Tensor> mixed(const Tensor& gates) const;
  /// Puts the tensors of a fidelity case, `param.weight` and so on, in the place of its own.
  void hold(const Tensors& stored);

  Tensor weight, bias, align, lite_gates;

 private:
  Tensor common_gates(const Tensor& x);

  Convolution narrow_{nullptr}, widen_{nullptr};  ///< of the gates
  torch::nn::detail::ConvNdOptions<2> options_;
  AdaptiveRule rule_;
};
TORCH_MODULE(AdaptiveConv);

}  // namespace ktb::zoo_tuning
