#include "ktb/nn/blocks.hpp"

#include <torch/utils.h>

#include <cmath>
#include <utility>

#include "sdk/nn/batch_norm.hpp"
#include "sdk/nn/folding.hpp"

namespace ktb {

torch::nn::Module& submodule(torch::nn::Module& root, const std::string& path) {
  if (path.empty()) return root;
  const auto dot = path.find('.');
  const auto name = path.substr(0, dot);
  const auto children = root.named_children();
  const auto* known = children.find(name);
  auto& child =
      known ? **known : *root.register_module(name, std::make_shared<torch::nn::Module>());
  return submodule(child, dot == std::string::npos ? "" : path.substr(dot + 1));
}

Tensor add_parameter(torch::nn::Module& root, const std::string& path, Tensor value) {
  const auto dot = path.rfind('.');
  if (dot == std::string::npos) return root.register_parameter(path, std::move(value));
  return submodule(root, path.substr(0, dot))
      .register_parameter(path.substr(dot + 1), std::move(value));
}

ConvolutionImpl::~ConvolutionImpl() = default;

Convolution add_conv(torch::nn::Module& root, const std::string& path, const ConvShape& shape) {
  return add_layer(root, path,
                   Convolution(torch::nn::Conv2dOptions(shape.in, shape.out, shape.kernel)
                                   .stride(shape.stride)
                                   .padding(shape.padding < 0 ? shape.kernel / 2 : shape.padding)
                                   .groups(shape.groups)
                                   .bias(shape.bias)));
}

ConvNorm::ConvNorm(torch::nn::Module& root, const std::string& conv, const std::string& norm,
                   const ConvShape& shape)
    : conv_(add_conv(root, conv, shape)),
      norm_(add_layer(root, norm, torch::nn::BatchNorm2d(shape.out))) {}

Tensor ConvNorm::operator()(const Tensor& x) const {
  // A holder's const access gives a const module, and forward() is not const.
  auto& conv = *conv_.ptr();
  auto& norm = *norm_.ptr();
  if (auto* both = conv.stand_in.target<Folding>()) return both->with(norm, x);
  return normalised(norm, conv.forward(x));
}

/// Where channels lie last they are shuffled there: else the map would come to lie by channels,
/// and what follows would compute so.
Tensor shuffle_channels(const Tensor& map, std::int64_t groups) {
  const auto shuffled = [&](const Tensor& x, std::int64_t axis) {
    return x.unflatten(axis, {groups, map.size(1) / groups})
        .transpose(axis, axis + 1)
        .flatten(axis, axis + 1);
  };
  const bool last = map.suggest_memory_format() == at::MemoryFormat::ChannelsLast;
  return last ? shuffled(map.permute({0, 2, 3, 1}), 3).permute({0, 3, 1, 2}) : shuffled(map, 1);
}

void init_truncated_normal(Tensor weight, double deviation) {
  const torch::NoGradGuard no_grad;
  const double spread = deviation * std::sqrt(2.0), edge = std::erf(2 / spread);
  weight.uniform_(-edge, edge).erfinv_().mul_(spread).clamp_(-2, 2);
}

}  // namespace ktb
