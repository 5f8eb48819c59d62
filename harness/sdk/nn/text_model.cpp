#include "ktb/nn/text_model.hpp"

#include <ATen/ops/dropout.h>

#include "ktb/error.hpp"
#include "ktb/nn/inputs.hpp"

namespace ktb {
namespace {

/// A logit that no softmax sees, and of which differences are still finite.
constexpr double kNever = -1e4;

}  // namespace

TextModel::TextModel(const TaskSpec& task)
    : Model(task),
      tokens_(wanted_input(task, "tokens", 1)),
      has_segments_(find_input(task, "segments", 1)),
      spans_(task.kind == "span") {
  if (!spans_) require_one_prediction(task);
  if (tokens_.vocabulary <= 0)
    throw Error("the input `tokens` of the task `" + task.name +
                "` has no vocabulary; its data set must say how many ids there are");
}

TextModel::~TextModel() = default;

std::vector<InputSpec> TextModel::reads() const {
  std::vector<InputSpec> inputs = {tokens_};
  if (has_segments_) inputs.push_back(task().input("segments"));
  for (auto& input : inputs) input.shape = {-1};
  return inputs;
}

void TextModel::add_head(std::int64_t width, double dropout) {
  head_ = add_layer(*this, head_name(), torch::nn::Linear(width, spans_ ? 2 : task().outputs));
  dropout_ = dropout;
}

Tensor TextModel::pool(const Tensor& tokens, const Tensor& mask) { return mean_of(tokens, mask); }

Output TextModel::forward_trunk(const Batch& batch) {
  const Text text(batch, has_segments_);
  Output out;
  out.features = read(text);
  out.pooled = pool(out.features.back(), text.mask);
  out.mask = text.mask;
  return out;
}

Tensor TextModel::forward_head(const Output& output) {
  if (!spans_) return head_->forward(at::dropout(output.pooled, dropout_, is_training()));
  const auto scores = head_->forward(output.features.back()).transpose(1, 2);
  return scores.masked_fill(output.mask.logical_not().unsqueeze(1), kNever);
}

TransformerTextModel::~TransformerTextModel() = default;

std::int64_t TransformerTextModel::add_encoder(Options& options, const TextEncoder::Names& names,
                                               int layers) {
  const TextEncoder::Sizes sizes = {
      .width = options.get("hidden_dim", 128, "width of a token", {.least = 1}),
      .hidden = options.get("mlp_dim", 512, "width of the hidden layer", {.least = 1}),
      .heads = options.get("num_heads", 2, "heads of an attention", {.least = 1}),
      .layers = options.get("num_layers", layers, "encoder layers", {.least = 1}),
      .positions = enough_positions(
          task(), options.get("max_length", 512, "the longest text, in tokens", {.least = 1}))};
  dropout_ = options.get("dropout", 0.1, "rate after embedding, attention and hidden layers",
                         {.least = 0, .most = 0.99});
  encoder_.emplace(*this, names, vocabulary(), sizes);
  return sizes.width;
}

void TransformerTextModel::finish(std::int64_t width) {
  add_head(width, dropout_);
  init_bert(*this);
}

std::vector<Tensor> TransformerTextModel::read(const Text& text) {
  return (*encoder_)(text, dropout_, is_training());
}

}  // namespace ktb
