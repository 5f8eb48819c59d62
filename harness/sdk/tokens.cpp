#include "ktb/tokens.hpp"

#include <ATen/ops/cat.h>
#include <ATen/ops/dropout.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <torch/types.h>

#include "ktb/error.hpp"

namespace ktb {
namespace {

/// Attention of tokens to each other: [B, n, 3 d], queries, keys and values side by side, to [B, n,
/// d].
Tensor mix_tokens(const Tensor& qkv, std::int64_t heads) {
  const auto batch = qkv.size(0), tokens = qkv.size(1), width = qkv.size(2) / 3;
  const auto parts = qkv.view({batch, tokens, 3, heads, width / heads}).permute({2, 0, 3, 1, 4});
  return at::scaled_dot_product_attention(parts[0], parts[1], parts[2])
      .transpose(1, 2)
      .reshape({batch, tokens, width});
}

std::int64_t dividing(std::int64_t heads, std::int64_t width) {
  if (width % heads)
    throw OptionError("num_heads", "option `num_heads` is " + std::to_string(heads) +
                                       ", which does not divide `hidden_dim`, " +
                                       std::to_string(width));
  return heads;
}

}  // namespace

torch::nn::LayerNorm add_layer_norm(torch::nn::Module& root, const std::string& path,
                                    std::int64_t width) {
  return add_layer(root, path,
                   torch::nn::LayerNorm(torch::nn::LayerNormOptions({width}).eps(1e-6)));
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

Tensor with_class_token(const Tensor& class_token, const Tensor& tokens) {
  return at::cat({class_token.expand({tokens.size(0), 1, -1}), tokens}, 1);
}

Mlp::Mlp(torch::nn::Module& root, const std::string& up, const std::string& down,
         std::int64_t width, std::int64_t hidden)
    : up(add_layer(root, up, torch::nn::Linear(width, hidden))),
      down(add_layer(root, down, torch::nn::Linear(hidden, width))) {}

Tensor Mlp::operator()(const Tensor& x, double dropout, bool training) {
  return down->forward(at::dropout(at::gelu(up->forward(x)), dropout, training));
}

EncoderLayer::EncoderLayer(torch::nn::Module& root, const std::string& at,
                           const EncoderNames& names, std::int64_t width, std::int64_t hidden,
                           std::int64_t heads)
    : heads(dividing(heads, width)),
      norm_1(add_layer_norm(root, at + names.norm_1, width)),
      in_weight(add_parameter(root, at + names.in_weight, torch::empty({3 * width, width}))),
      in_bias(add_parameter(root, at + names.in_bias, torch::zeros(3 * width))),
      out(add_layer(root, at + names.out, torch::nn::Linear(width, width))),
      norm_2(add_layer_norm(root, at + names.norm_2, width)),
      mlp(root, at + names.up, at + names.down, width, hidden) {}

Tensor EncoderLayer::operator()(const Tensor& x, double dropout, bool training) {
  const auto drop = [&](const Tensor& y) { return at::dropout(y, dropout, training); };
  const auto qkv = at::linear(norm_1->forward(x), in_weight, in_bias);
  const auto y = x + drop(out->forward(mix_tokens(qkv, heads)));
  return y + drop(mlp(norm_2->forward(y), dropout, training));
}

}  // namespace ktb
