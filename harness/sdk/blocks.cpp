#include "ktb/blocks.hpp"

#include <ATen/ops/scaled_dot_product_attention.h>
#include <torch/utils.h>

#include <cmath>

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

ConvNorm::ConvNorm(torch::nn::Module& root, const std::string& conv, const std::string& norm,
                   const ConvShape& shape)
    : conv_(add_layer(
          root, conv,
          torch::nn::Conv2d(torch::nn::Conv2dOptions(shape.in, shape.out, shape.kernel)
                                .stride(shape.stride)
                                .padding(shape.padding < 0 ? shape.kernel / 2 : shape.padding)
                                .groups(shape.groups)
                                .bias(shape.bias)))),
      norm_(add_layer(root, norm, torch::nn::BatchNorm2d(shape.out))) {}

Tensor ConvNorm::operator()(const Tensor& x) const {
  // A holder's const access gives a const module, and forward() is not const.
  return norm_.ptr()->forward(conv_.ptr()->forward(x));
}

Tensor mix_tokens(const Tensor& qkv, std::int64_t heads) {
  const auto batch = qkv.size(0), tokens = qkv.size(1), width = qkv.size(2) / 3;
  const auto parts = qkv.view({batch, tokens, 3, heads, width / heads}).permute({2, 0, 3, 1, 4});
  return at::scaled_dot_product_attention(parts[0], parts[1], parts[2])
      .transpose(1, 2)
      .reshape({batch, tokens, width});
}

void init_truncated_normal(Tensor weight, double deviation) {
  const torch::NoGradGuard no_grad;
  const double spread = deviation * std::sqrt(2.0), edge = std::erf(2 / spread);
  weight.uniform_(-edge, edge).erfinv_().mul_(spread).clamp_(-2, 2);
}

}  // namespace ktb
