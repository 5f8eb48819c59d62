#include "ktb/nn/text.hpp"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/dropout.h>
#include <ATen/ops/gru.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <cmath>
#include <limits>

#include "ktb/error.hpp"

namespace ktb {
namespace {

constexpr double kLowest = -std::numeric_limits<double>::infinity();

torch::nn::LayerNorm add_norm(torch::nn::Module& root, const std::string& path,
                              std::int64_t width) {
  return add_layer_norm(root, path, width, 1e-12);
}

/// [B, L]: the place that stands there once each text is turned round; padding stays.
Tensor places_reversed(const Tensor& mask) {
  const auto length = mask.sum(1, /*keepdim=*/true);
  const auto place = at::arange(mask.size(1), length.options()).unsqueeze(0);
  return at::where(place.lt(length), length - 1 - place, place);
}

/// One direction: [B, L, d] to [B, L, width]. Without dropout `train` changes no value, but cuDNN
/// keeps what a gradient needs only with it, also where a frozen network's input asks for one.
Tensor run_gru(const Tensor& x, const std::vector<Tensor>& weights) {
  const auto start = at::zeros({1, x.size(0), weights[1].size(1)}, x.options());
  return std::get<0>(at::gru(x, start, weights, /*has_biases=*/true, /*num_layers=*/1,
                             /*dropout=*/0, /*train=*/at::GradMode::is_enabled(),
                             /*bidirectional=*/false, /*batch_first=*/true));
}

}  // namespace

Text::Text(const Batch& batch, bool with_segments)
    : tokens(batch.x.at("tokens")), mask(tokens.ne(0)) {
  if (with_segments) segments = batch.x.at("segments");
  mask.select(1, 0).fill_(true);
}

std::int64_t enough_positions(const TaskSpec& task, std::int64_t positions) {
  const auto length = task.input("tokens").shape.at(0);
  if (length > positions)
    throw OptionError("max_length", "option `max_length` is " + std::to_string(positions) +
                                        ", and texts of `" + task.name + "` have " +
                                        std::to_string(length) +
                                        " tokens; raise it, or let the data set cut its texts");
  return positions;
}

torch::nn::Embedding add_embedding(torch::nn::Module& root, const std::string& path,
                                   std::int64_t vocabulary, std::int64_t width) {
  const torch::NoGradGuard no_grad;
  auto words = add_layer(
      root, path,
      torch::nn::Embedding(torch::nn::EmbeddingOptions(vocabulary, width).padding_idx(0)));
  words->weight.uniform_(-0.25, 0.25)[0].zero_();
  return words;
}

Tensor mean_of(const Tensor& tokens, const Tensor& mask) {
  if (!mask.defined()) return tokens.mean(1);
  const auto weight = mask.unsqueeze(-1).to(tokens.scalar_type());
  return (tokens * weight).sum(1) / weight.sum(1);
}

Tensor max_of(const Tensor& tokens, const Tensor& mask) {
  if (!mask.defined()) return tokens.amax(1);
  return tokens.masked_fill(mask.logical_not().unsqueeze(-1), kLowest).amax(1);
}

TextEncoder::TextEncoder(torch::nn::Module& root, const Names& names, std::int64_t vocabulary,
                         const Sizes& sizes)
    : words_(add_embedding(root, names.words, vocabulary, sizes.width)),
      positions_(
          add_layer(root, names.positions, torch::nn::Embedding(sizes.positions, sizes.width))),
      segments_(names.segments.empty()
                    ? nullptr
                    : add_layer(root, names.segments, torch::nn::Embedding(2, sizes.width))),
      norm_(add_norm(root, names.norm, sizes.width)) {
  for (std::int64_t i = 0; i < sizes.layers; ++i) {
    const auto at = names.layer + std::to_string(i) + ".";
    layers_.emplace_back(root, at, names.parts, sizes.width, sizes.hidden, sizes.heads);
    last_matrix_ = at + names.parts.down + ".weight";
  }
}

std::vector<Tensor> TextEncoder::operator()(const Text& text, double dropout, bool training) {
  const auto length = text.tokens.size(1), longest = positions_->weight.size(0);
  if (length > longest)
    throw Error("a batch has texts of " + std::to_string(length) + " tokens, and the model has " +
                std::to_string(longest) + " positions; raise its option `max_length`");
  auto x = words_->forward(text.tokens) + positions_->weight.slice(0, 0, length);
  if (!segments_.is_empty())
    x = x + (text.segments.defined() ? segments_->forward(text.segments) : segments_->weight[0]);
  x = at::dropout(norm_->forward(x), dropout, training);
  std::vector<Tensor> features = {x};
  for (auto& layer : layers_) features.push_back(x = layer(x, x, text.mask, dropout, training));
  return features;
}

TextEncoder::Names bert_names(const std::string& prefix) {
  const auto embedding = prefix + "embeddings.";
  return {embedding + "word_embeddings",
          embedding + "position_embeddings",
          embedding + "token_type_embeddings",
          embedding + "LayerNorm",
          prefix + "encoder.layer.",
          {{"attention.self.query", "attention.self.key", "attention.self.value",
            "attention.output.dense"},
           "attention.output.LayerNorm",
           "intermediate.dense",
           "output.dense",
           "output.LayerNorm"}};
}

BiGruLayer::BiGruLayer(torch::nn::Module& root, const std::string& at, std::int64_t number,
                       std::int64_t in, std::int64_t width) {
  const auto bound = 1 / std::sqrt(static_cast<double>(width));
  const auto add = [&](const std::string& name, const std::vector<std::int64_t>& shape) {
    return add_parameter(root, at + name, torch::empty(shape).uniform_(-bound, bound));
  };
  for (const auto* direction : {"", "_reverse"}) {
    const auto end = "_l" + std::to_string(number) + direction;
    auto& weights = *direction ? backward_ : forward_;
    weights = {add("weight_ih" + end, {3 * width, in}), add("weight_hh" + end, {3 * width, width}),
               add("bias_ih" + end, {3 * width}), add("bias_hh" + end, {3 * width})};
  }
}

Tensor BiGruLayer::operator()(const Tensor& x, const Tensor& mask) const {
  const auto places = places_reversed(mask).unsqueeze(-1);
  const auto turned = [&](const Tensor& y) { return y.gather(1, places.expand_as(y)); };
  return at::cat({run_gru(x, forward_), turned(run_gru(turned(x), backward_))}, -1);
}

}  // namespace ktb
