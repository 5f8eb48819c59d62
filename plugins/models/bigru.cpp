// A recurrent network in both directions on word embeddings.
#include <ATen/ops/dropout.h>

#include "ktb/nn/text_model.hpp"
#include "ktb/plugin.hpp"

namespace {

using ktb::Tensor;

class BiGru final : public ktb::TextModel {
 public:
  BiGru(const ktb::TaskSpec& task, ktb::Options& options) : TextModel(task) {
    const auto embedding = options.get("embedding_dim", 128, "width of a word", {.least = 1});
    const auto width = options.get("hidden_dim", 64, "units of each direction", {.least = 1});
    const auto layers = options.get("num_layers", 1, "layers of units", {.least = 1});
    max_ = options.get("pooling", "max",
                       "what stands for a text: the largest value or the mean of each unit",
                       {"max", "mean"}) == "max";
    dropout_ =
        options.get("dropout", 0.2, "rate in front of each layer", {.least = 0, .most = 0.99});
    words_ = ktb::add_embedding(*this, "embedding", vocabulary(), embedding);
    for (std::int64_t i = 0; i < layers; ++i)
      layers_.emplace_back(*this, "gru.", i, i == 0 ? embedding : 2 * width, width);
    takes_ = "gru.weight_ih_l" + std::to_string(layers - 1);
    add_head(2 * width, dropout_);
  }

  std::string takes() const override { return takes_; }

 protected:
  std::vector<Tensor> read(const ktb::Text& text) override {
    std::vector<Tensor> features = {words_->forward(text.tokens)};
    for (const auto& layer : layers_)
      features.push_back(layer(at::dropout(features.back(), dropout_, is_training()), text.mask));
    return features;
  }
  Tensor pool(const Tensor& tokens, const Tensor& mask) override {
    return max_ ? ktb::max_of(tokens, mask) : TextModel::pool(tokens, mask);
  }

 private:
  bool max_;
  double dropout_;
  torch::nn::Embedding words_{nullptr};
  std::vector<ktb::BiGruLayer> layers_;
  std::string takes_;
};

}  // namespace

KTB_MODEL(BiGru, "gated recurrent units in both directions", "Cho et al., arXiv 1406.1078", "")
