#include "ktb/transfer/layers.hpp"

#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/conv.h>

#include <memory>
#include <string>
#include <vector>

#include "ktb/transfer/maps.hpp"
#include "sdk/nn/batch_norm.hpp"

namespace ktb {
namespace nn = torch::nn;
namespace {

using Shape = std::vector<std::int64_t>;

std::shared_ptr<nn::Module> regression(const Shape& from, const Shape& to) {
  if (from[1] == 2 * to[1])
    return nn::Conv2d(nn::Conv2dOptions(from[0], to[0], 3).stride(2).padding(1)).ptr();
  if (2 * from[1] == to[1])
    return nn::ConvTranspose2d(nn::ConvTranspose2dOptions(from[0], to[0], 4).stride(2).padding(1))
        .ptr();
  if (from[1] >= to[1] && from[2] >= to[2])
    return nn::Conv2d(nn::Conv2dOptions(from[0], to[0], {1 + from[1] - to[1], 1 + from[2] - to[2]}))
        .ptr();
  return nn::Conv2d(nn::Conv2dOptions(from[0], to[0], 3).padding(1)).ptr();
}

}  // namespace

ConvRegressorImpl::ConvRegressorImpl(const Shape& from, const Shape& to, bool relu)
    : relu_(relu),
      conv_(register_module("conv", regression(from, to))),
      bn_(register_module("bn", nn::BatchNorm2d(to[0]).ptr())) {}

at::Tensor ConvRegressorImpl::forward(const at::Tensor& x) {
  auto* conv = conv_->as<nn::Conv2d>();
  const auto mapped = conv ? conv->forward(x) : conv_->as<nn::ConvTranspose2d>()->forward(x);
  const auto out = normalised(*bn_->as<nn::BatchNorm2d>(), mapped);
  return relu_ ? out.relu() : out;
}

ConvBottleneckImpl::ConvBottleneckImpl(std::int64_t from, std::int64_t mid, std::int64_t to,
                                       bool last_norm) {
  const std::int64_t widths[] = {from, mid, mid, to}, kernels[] = {1, 3, 1};
  for (int i = 0; i < 3; ++i) {
    const auto number = std::to_string(i + 1);
    layers_[2 * i] = register_module(
        "conv" + number, nn::Conv2d(nn::Conv2dOptions(widths[i], widths[i + 1], kernels[i])
                                        .padding(kernels[i] / 2)
                                        .bias(false))
                             .ptr());
    if (i < 2 || last_norm)
      layers_[2 * i + 1] = register_module("bn" + number, nn::BatchNorm2d(widths[i + 1]).ptr());
  }
}

at::Tensor ConvBottleneckImpl::forward(const at::Tensor& x) {
  auto out = x;
  for (int i = 0; i < 6; i += 2) {
    out = layers_[i]->as<nn::Conv2d>()->forward(out);
    if (layers_[i + 1]) out = normalised(*layers_[i + 1]->as<nn::BatchNorm2d>(), out).relu();
  }
  return out;
}

EmbeddingImpl::EmbeddingImpl(std::int64_t from, std::int64_t to, bool unit_length)
    : unit_length_(unit_length), linear_(register_module("linear", nn::Linear(from, to))) {}

at::Tensor EmbeddingImpl::forward(const at::Tensor& x) {
  const auto out = linear_->forward(x.flatten(1));
  return unit_length_ ? unit(out, 1, 0) : out;
}

}  // namespace ktb
