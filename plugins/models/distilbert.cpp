// DistilBERT under Hugging Face's parameter names, those of DistilBertModel: BERT without segments
// and pooler, half as deep. The head reads the first token directly.
#include "ktb/nn/text_model.hpp"
#include "ktb/plugin.hpp"

namespace {

using ktb::Tensor;

ktb::TextEncoder::Names names() {
  return {.words = "embeddings.word_embeddings",
          .positions = "embeddings.position_embeddings",
          .segments = "",
          .norm = "embeddings.LayerNorm",
          .layer = "transformer.layer.",
          .parts = {{"attention.q_lin", "attention.k_lin", "attention.v_lin", "attention.out_lin"},
                    "sa_layer_norm",
                    "ffn.lin1",
                    "ffn.lin2",
                    "output_layer_norm"}};
}

class DistilBert final : public ktb::TransformerTextModel {
 public:
  DistilBert(const ktb::TaskSpec& task, ktb::Options& options) : TransformerTextModel(task) {
    options.published({{"hidden_dim", "dim"},
                       {"mlp_dim", "hidden_dim"},
                       {"num_heads", "n_heads"},
                       {"num_layers", "n_layers"},
                       {"max_length", "max_position_embeddings"}});
    const auto width = add_encoder(options, names(), 1);
    mean_ = options.get("pooling", "mean",
                        "what stands for a text: the mean of its tokens or the first one",
                        {"mean", "cls"}) == "mean";
    finish(width);
  }

 protected:
  Tensor pool(const Tensor& tokens, const Tensor& mask) override {
    return mean_ ? TextModel::pool(tokens, mask) : tokens.select(1, 0);
  }

 private:
  bool mean_;
};

}  // namespace

KTB_MODEL(DistilBert, "DistilBERT, a shallower BERT without segments",
          "Sanh et al., arXiv 1910.01108",
          "alias distilbert_base hidden_dim=768 mlp_dim=3072 num_heads=12 num_layers=6 "
          "pooling=cls\n")
