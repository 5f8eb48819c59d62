// BERT's encoder under Hugging Face's parameter names, those of BertModel; files that have them
// behind `bert.` load as well. Sentence encoders made from it, MiniLM among them, take the mean of
// the tokens, BERT itself a layer on the first one.
#include <ATen/ops/tanh.h>

#include "ktb/nn/text_model.hpp"
#include "ktb/plugin.hpp"

namespace {

using ktb::Tensor;

class Bert final : public ktb::TransformerTextModel {
 public:
  Bert(const ktb::TaskSpec& task, ktb::Options& options) : TransformerTextModel(task) {
    options.published({{"hidden_dim", "hidden_size"},
                       {"mlp_dim", "intermediate_size"},
                       {"num_heads", "num_attention_heads"},
                       {"num_layers", "num_hidden_layers"},
                       {"max_length", "max_position_embeddings"}});
    const auto width = add_encoder(options, ktb::bert_names(), 2);
    pooling_ = options.get("pooling", "mean",
                           "what stands for a text: the mean of its tokens, the first one, or "
                           "that through BERT's pooler, which a span does without",
                           {"mean", "cls", "pooler"});
    if (pooling_ == "pooler" && !spans())
      pooler_ = ktb::add_layer(*this, "pooler.dense", torch::nn::Linear(width, width));
    finish(width);
  }

 protected:
  Tensor pool(const Tensor& tokens, const Tensor& mask) override {
    if (pooling_ == "mean") return TextModel::pool(tokens, mask);
    const auto first = tokens.select(1, 0);
    return pooler_.is_empty() ? first : at::tanh(pooler_->forward(first));
  }

 private:
  std::string pooling_;
  torch::nn::Linear pooler_{nullptr};
};

}  // namespace

KTB_MODEL(Bert, "BERT, a transformer that reads texts", "Devlin et al., arXiv 1810.04805",
          "alias bert_tiny hidden_dim=128 mlp_dim=512 num_heads=2 num_layers=2\n"
          "alias bert_mini hidden_dim=256 mlp_dim=1024 num_heads=4 num_layers=4\n"
          "alias bert_base hidden_dim=768 mlp_dim=3072 num_heads=12 num_layers=12 pooling=pooler\n"
          "alias minilm hidden_dim=384 mlp_dim=1536 num_heads=12 num_layers=6\n")
