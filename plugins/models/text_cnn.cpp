// Convolutions of several widths over the words of a text, and the largest value of each. Where a
// window leaves the text, words are 0, so padding changes nothing.
#include <ATen/ops/cat.h>
#include <ATen/ops/constant_pad_nd.h>
#include <torch/nn/modules/conv.h>

#include "ktb/nn/text_model.hpp"
#include "ktb/plugin.hpp"

namespace {

using ktb::Tensor;

class TextCnn final : public ktb::TextModel {
 public:
  TextCnn(const ktb::TaskSpec& task, ktb::Options& options) : TextModel(task) {
    const auto embedding = options.get("embedding_dim", 128, "width of a word", {.least = 1});
    const auto filters = options.get("filters", 100, "filters of each width", {.least = 1});
    const auto widths = options.get("widths", std::vector<std::int64_t>{3, 4, 5},
                                    "words that a filter sees", {.least = 1});
    const auto dropout =
        options.get("dropout", 0.5, "rate in front of the head", {.least = 0, .most = 0.99});
    if (widths.empty()) throw ktb::OptionError("widths", "option `widths` is empty");
    words_ = ktb::add_embedding(*this, "embedding", vocabulary(), embedding);
    for (const auto width : widths) {
      takes_ = "convs." + std::to_string(convs_.size());
      convs_.push_back(ktb::add_layer(*this, takes_, torch::nn::Conv1d(embedding, filters, width)));
    }
    takes_ += ".weight";
    add_head(filters * static_cast<std::int64_t>(widths.size()), dropout);
  }

  std::string takes() const override { return takes_; }

 protected:
  std::vector<Tensor> read(const ktb::Text& text) override {
    const auto inside = text.mask.unsqueeze(-1);
    const auto words = words_->forward(text.tokens) * inside;
    std::vector<Tensor> maps;
    for (auto& conv : convs_) {
      const auto beyond = conv->weight.size(2) - 1;  // places outside the text that a filter sees
      maps.push_back(conv->forward(
          at::constant_pad_nd(words.transpose(1, 2), {beyond / 2, beyond - beyond / 2})));
    }
    return {words, at::cat(maps, 1).relu().transpose(1, 2) * inside};
  }
  Tensor pool(const Tensor& tokens, const Tensor& mask) override {
    return ktb::max_of(tokens, mask);
  }

 private:
  torch::nn::Embedding words_{nullptr};
  std::vector<torch::nn::Conv1d> convs_;
  std::string takes_;
};

}  // namespace

KTB_MODEL(TextCnn, "convolutions over words, the largest value of each", "Kim, arXiv 1408.5882", "")
