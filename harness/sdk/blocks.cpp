#include "ktb/blocks.hpp"

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

}  // namespace ktb
