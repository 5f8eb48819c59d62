#include "ktb/nn/transformer.hpp"

#include <ATen/ops/cat.h>
#include <ATen/ops/dropout.h>
#include <ATen/ops/linear.h>
#include <torch/types.h>

#include "ktb/nn/attention.hpp"

namespace ktb {

EncoderLayer::EncoderLayer(torch::nn::Module& root, const std::string& at, const Names& names,
                           std::int64_t width, std::int64_t hidden, std::int64_t heads)
    : heads(head_count(heads, width)),
      norm_1(add_layer_norm(root, at + names.norm_1, width)),
      in_weight(add_parameter(root, at + names.in_weight, torch::empty({3 * width, width}))),
      in_bias(add_parameter(root, at + names.in_bias, torch::zeros(3 * width))),
      out(add_layer(root, at + names.out, torch::nn::Linear(width, width))),
      norm_2(add_layer_norm(root, at + names.norm_2, width)),
      mlp(root, at + names.up, at + names.down, width, hidden) {}

Tensor EncoderLayer::operator()(const Tensor& x, double dropout, bool training) {
  const auto drop = [&](const Tensor& y) { return at::dropout(y, dropout, training); };
  const auto qkv = at::linear(norm_1->forward(x), in_weight, in_bias).chunk(3, -1);
  const auto y = x + drop(out->forward(attend(qkv[0], qkv[1], qkv[2], heads)));
  return y + drop(mlp(norm_2->forward(y), dropout, training));
}

VisionTransformer::~VisionTransformer() = default;

VisionTransformer::Parts& VisionTransformer::build(const Names& names, const Sizes& sizes,
                                                   double dropout) {
  dropout_ = dropout;
  const Patches patches(*this, names.patches, image_shape(), sizes.width, sizes.patch);
  parts_.patches = patches.conv;
  parts_.class_token = add_parameter(*this, names.class_token, torch::zeros({1, 1, sizes.width}));
  parts_.positions =
      add_parameter(*this, names.positions, torch::zeros({1, patches.count + 1, sizes.width}));
  for (std::int64_t i = 0; i < sizes.layers; ++i) {
    const auto at = names.layer + std::to_string(i) + ".";
    parts_.layers.emplace_back(*this, at, names.parts, sizes.width, sizes.hidden, sizes.heads);
    takes_ = at + names.parts.down + ".weight";
  }
  norm_ = add_layer_norm(*this, names.norm, sizes.width);
  parts_.head = add_head(names.head, sizes.width);
  return parts_;
}

Output VisionTransformer::forward_trunk(const Batch& batch) {
  Output out;
  out.features = {parts_.patches->forward(batch.x.at("image"))};
  const auto tokens = as_tokens(out.features[0]);
  const auto first = parts_.class_token.expand({tokens.size(0), 1, -1});
  auto x = at::dropout(at::cat({first, tokens}, 1) + parts_.positions, dropout_, is_training());
  for (auto& layer : parts_.layers) out.features.push_back(x = layer(x, dropout_, is_training()));
  out.features.push_back(norm_->forward(x));
  out.pooled = out.features.back().select(1, 0);
  return out;
}

}  // namespace ktb
