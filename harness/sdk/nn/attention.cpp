#include "ktb/nn/attention.hpp"

#include <ATen/ops/dropout.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <torch/nn/init.h>
#include <torch/nn/modules/embedding.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "ktb/error.hpp"

namespace ktb {
namespace {

constexpr double kBertEpsilon = 1e-12;

}  // namespace

std::int64_t head_count(std::int64_t heads, std::int64_t width) {
  if (width % heads)
    throw OptionError("num_heads", "option `num_heads` is " + std::to_string(heads) +
                                       ", which does not divide `hidden_dim`, " +
                                       std::to_string(width));
  return heads;
}

Tensor attend(const Tensor& queries, const Tensor& keys, const Tensor& values, std::int64_t heads,
              const Tensor& mask, double dropout) {
  const auto split = [&](const Tensor& x) { return x.unflatten(-1, {heads, -1}).transpose(1, 2); };
  std::optional<Tensor> seen;
  if (mask.defined()) seen = mask.view({mask.size(0), 1, 1, mask.size(1)});
  return at::scaled_dot_product_attention(split(queries), split(keys), split(values), seen, dropout)
      .transpose(1, 2)
      .flatten(2);
}

Attention::Attention(torch::nn::Module& root, const std::string& at, const Names& names,
                     std::int64_t width, std::int64_t heads)
    : heads(head_count(heads, width)),
      query(add_layer(root, at + names.query, torch::nn::Linear(width, width))),
      key(add_layer(root, at + names.key, torch::nn::Linear(width, width))),
      value(add_layer(root, at + names.value, torch::nn::Linear(width, width))),
      out(add_layer(root, at + names.out, torch::nn::Linear(width, width))) {}

Tensor Attention::operator()(const Tensor& x, const Tensor& source, const Tensor& mask,
                             double dropout, bool training) {
  return out->forward(attend(query->forward(x), key->forward(source), value->forward(source), heads,
                             mask, training ? dropout : 0));
}

PostNormLayer::PostNormLayer(torch::nn::Module& root, const std::string& at, const Names& names,
                             std::int64_t width, std::int64_t hidden, std::int64_t heads)
    : attention(root, at, names.attention, width, heads),
      norm_1(add_layer_norm(root, at + names.norm_1, width, kBertEpsilon)),
      mlp(root, at + names.up, at + names.down, width, hidden),
      norm_2(add_layer_norm(root, at + names.norm_2, width, kBertEpsilon)) {}

Tensor PostNormLayer::operator()(const Tensor& x, const Tensor& source, const Tensor& mask,
                                 double dropout, bool training) {
  const auto drop = [&](const Tensor& y) { return at::dropout(y, dropout, training); };
  const auto y = norm_1->forward(x + drop(attention(x, source, mask, dropout, training)));
  return norm_2->forward(y + drop(mlp(y)));
}

void init_bert(torch::nn::Module& root) {
  const torch::NoGradGuard no_grad;
  for (const auto& module : root.modules(/*include_self=*/false)) {
    if (auto* linear = module->as<torch::nn::Linear>()) {
      torch::nn::init::normal_(linear->weight, 0, 0.02);
      torch::nn::init::zeros_(linear->bias);
    } else if (auto* embedding = module->as<torch::nn::Embedding>()) {
      torch::nn::init::normal_(embedding->weight, 0, 0.02);
      if (const auto padding = embedding->options.padding_idx())
        embedding->weight[*padding].zero_();
    }
  }
}

}  // namespace ktb
