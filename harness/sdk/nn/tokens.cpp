#include "ktb/nn/tokens.hpp"

#include <ATen/ops/dropout.h>
#include <ATen/ops/gelu.h>

#include "ktb/error.hpp"

namespace ktb {

torch::nn::LayerNorm add_layer_norm(torch::nn::Module& root, const std::string& path,
                                    std::int64_t width, double epsilon) {
  return add_layer(root, path,
                   torch::nn::LayerNorm(torch::nn::LayerNormOptions({width}).eps(epsilon)));
}

Patches::Patches(torch::nn::Module& root, const std::string& path,
                 const std::vector<std::int64_t>& image, std::int64_t width, std::int64_t size)
    : count((image[1] / size) * (image[2] / size)) {
  if (image[1] % size || image[2] % size)
    throw OptionError("patch_size", "option `patch_size` is " + std::to_string(size) +
                                        ", which does not divide the image, " +
                                        std::to_string(image[1]) + " x " +
                                        std::to_string(image[2]));
  conv = add_conv(
      root, path,
      {.in = image[0], .out = width, .kernel = size, .stride = size, .padding = 0, .bias = true});
}

Tensor as_tokens(const Tensor& map) { return map.flatten(2).transpose(1, 2); }

Mlp::Mlp(torch::nn::Module& root, const std::string& up, const std::string& down,
         std::int64_t width, std::int64_t hidden)
    : up(add_layer(root, up, torch::nn::Linear(width, hidden))),
      down(add_layer(root, down, torch::nn::Linear(hidden, width))) {}

Tensor Mlp::operator()(const Tensor& x, double dropout, bool training) {
  return down->forward(at::dropout(at::gelu(up->forward(x)), dropout, training));
}

}  // namespace ktb
