#include "adaptive_conv.hpp"

#include <ATen/ops/bmm.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/zeros.h>
#include <torch/nn/functional/conv.h>
#include <torch/nn/init.h>

namespace ktb::zoo_tuning {
namespace {

constexpr double kGateMomentum = 0.1;

Tensor zeros_of_each(std::int64_t m, const Tensor& one) {
  auto shape = one.sizes().vec();
  shape.insert(shape.begin(), m);
  return at::zeros(shape);
}

}  // namespace

AdaptiveConvImpl::AdaptiveConvImpl(const torch::nn::Conv2dImpl& like, std::int64_t m,
                                   const AdaptiveRule& rule)
    : options_(like.options), rule_(rule) {
  const auto in = like.weight.size(1) * like.options.groups(), out = like.weight.size(0);
  weight = register_parameter("weight", zeros_of_each(m, like.weight));
  if (like.bias.defined()) bias = register_parameter("bias", zeros_of_each(m, like.bias));
  if (rule.align)
    align =
        register_parameter("align_conv", at::eye(out).repeat({m, 1}).view({-1, out, 1, 1}).clone());
  narrow_ = add_conv(*this, "gate.conv1", {.in = in, .out = in / 4 + 1});
  widen_ = add_conv(*this, "gate.conv2", {.in = in / 4 + 1, .out = m, .bias = true});
  for (const auto& conv : {narrow_, widen_})
    torch::nn::init::kaiming_normal_(conv->weight, 0, torch::kFanOut, torch::kReLU);
  torch::nn::init::zeros_(widen_->bias);
  if (rule.lite) lite_gates = register_buffer("lite_gates", at::zeros({m}));
}

Tensor AdaptiveConvImpl::gates(const Tensor& x) {
  const auto average = x.mean({2, 3}, /*keepdim=*/true);
  return widen_->forward(narrow_->forward(average).relu()).sigmoid().flatten(1);
}

/// [1, m]. The running mean is the original's, which starts at 0 without a correction.
Tensor AdaptiveConvImpl::common_gates(const Tensor& x) {
  if (!is_training()) return lite_gates.unsqueeze(0);
  const auto mean = gates(x).mean(0);
  lite_gates.lerp_(mean.detach(), kGateMomentum);
  return mean.unsqueeze(0);
}

std::pair<Tensor, Tensor> AdaptiveConvImpl::mixed(const Tensor& gates) const {
  const auto m = weight.size(0), out = weight.size(1);
  const auto kernels =
      align.defined() ? at::bmm(align.view({m, out, out}), weight.flatten(2)) : weight;
  auto shape = weight.sizes().slice(1).vec();
  shape[0] *= gates.size(0);
  return {gates.matmul(kernels.flatten(1)).view(shape),
          bias.defined() ? gates.matmul(bias).flatten() : Tensor()};
}

void AdaptiveConvImpl::hold(const Tensors& stored) {
  const std::pair<const char*, Tensor*> places[] = {{"param.weight", &weight},
                                                    {"param.bias", &bias},
                                                    {"param.align_conv", &align},
                                                    {"param.gate.conv1.weight", &narrow_->weight},
                                                    {"param.gate.conv2.weight", &widen_->weight},
                                                    {"param.gate.conv2.bias", &widen_->bias},
                                                    {"buf.before.lite_gates", &lite_gates}};
  for (const auto& [name, place] : places)
    if (place->defined()) *place = stored.at(name);
}

/// Where inputs differ in their gates, each is a group of its own in one convolution.
Tensor AdaptiveConvImpl::forward(const Tensor& x) {
  const auto [kernel, biases] = mixed(rule_.lite ? common_gates(x) : gates(x));
  const auto inputs = kernel.size(0) / weight.size(1);
  const auto grouped = inputs > 1 ? x.reshape({1, -1, x.size(2), x.size(3)}) : x;
  const auto y = torch::nn::functional::detail::conv2d(grouped, kernel, biases, options_.stride(),
                                                       options_.padding(), options_.dilation(),
                                                       inputs * options_.groups());
  return y.reshape({x.size(0), -1, y.size(2), y.size(3)});
}

}  // namespace ktb::zoo_tuning
