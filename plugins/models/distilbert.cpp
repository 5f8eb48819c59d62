// DistilBERT under Hugging Face's parameter names, those of DistilBertModel: BERT without segments
// and pooler, half as deep. The head reads the first token directly.
#include <optional>

#include "ktb/plugin.hpp"
#include "ktb/text_model.hpp"

namespace {

using ktb::Tensor;

class DistilBert final : public ktb::TextModel {
 public:
  DistilBert(const ktb::TaskSpec& task, ktb::Options& options) : TextModel(task) {
    const ktb::TextEncoder::Sizes sizes = {
        .width = options.get("hidden_dim", 128, "width of a token", {.least = 1}),
        .hidden = options.get("mlp_dim", 512, "width of the hidden layer", {.least = 1}),
        .heads = options.get("num_heads", 2, "heads of an attention", {.least = 1}),
        .layers = options.get("num_layers", 1, "encoder layers", {.least = 1}),
        .positions = ktb::enough_positions(
            task, options.get("max_length", 512, "the longest text, in tokens", {.least = 1}))};
    mean_ = options.get("pooling", "mean",
                        "what stands for a text: the mean of its tokens or the first one",
                        {"mean", "cls"}) == "mean";
    dropout_ = options.get("dropout", 0.1, "rate after embedding, attention and hidden layers",
                           {.least = 0, .most = 0.99});
    encoder_.emplace(*this,
                     ktb::TextEncoder::Names{.words = "embeddings.word_embeddings",
                                             .positions = "embeddings.position_embeddings",
                                             .segments = "",
                                             .norm = "embeddings.LayerNorm",
                                             .layer = "transformer.layer.",
                                             .parts = {{"attention.q_lin", "attention.k_lin",
                                                        "attention.v_lin", "attention.out_lin"},
                                                       "sa_layer_norm",
                                                       "ffn.lin1",
                                                       "ffn.lin2",
                                                       "output_layer_norm"}},
                     vocabulary(), sizes);
    add_head(sizes.width, dropout_);
    ktb::init_bert(*this);
  }

  std::string takes() const override { return encoder_->last_matrix(); }
  std::string gives() const override { return encoder_->last_matrix(); }

 protected:
  std::vector<Tensor> read(const ktb::Text& text) override {
    return (*encoder_)(text, dropout_, is_training());
  }
  Tensor pool(const Tensor& tokens, const Tensor& mask) override {
    return mean_ ? TextModel::pool(tokens, mask) : tokens.select(1, 0);
  }

 private:
  bool mean_;
  double dropout_;
  std::optional<ktb::TextEncoder> encoder_;
};

}  // namespace

KTB_MODEL(DistilBert, "DistilBERT, a shallower BERT without segments",
          "Sanh et al., arXiv 1910.01108",
          "alias distilbert_base hidden_dim=768 mlp_dim=3072 num_heads=12 num_layers=6 "
          "pooling=cls\n")
