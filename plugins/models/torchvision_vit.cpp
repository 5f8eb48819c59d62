// The vision transformer with torchvision's parameter names and initialisation. The layers
// called `self_attention` have the parameters of torch.nn.MultiheadAttention.
#include <torch/nn/init.h>

#include <cmath>
#include <optional>
#include <string>

#include "ktb/image_model.hpp"
#include "ktb/plugin.hpp"
#include "ktb/tokens.hpp"

namespace {

using ktb::Output;
using ktb::Tensor;
namespace init = torch::nn::init;

const ktb::EncoderNames kNames = {"ln_1",
                                  "self_attention.in_proj_weight",
                                  "self_attention.in_proj_bias",
                                  "self_attention.out_proj",
                                  "ln_2",
                                  "mlp.0",
                                  "mlp.3"};

class Vit final : public ktb::ImageModel {
 public:
  Vit(const ktb::TaskSpec& task, ktb::Options& options) : ImageModel(task) {
    const auto patch = options.get("patch_size", 4, "side of a patch", {.least = 1});
    const auto width = options.get("hidden_dim", 192, "width of a token", {.least = 1});
    const auto mlp_width = options.get("mlp_dim", 768, "width of the hidden layer", {.least = 1});
    const auto heads = options.get("num_heads", 3, "heads of an attention", {.least = 1});
    const auto layers = options.get("num_layers", 6, "encoder layers", {.least = 1});
    dropout_ = options.get("dropout", 0.0, "rate after embedding, attention and hidden layers",
                           {.least = 0, .most = 0.99});

    class_token_ = register_parameter("class_token", torch::zeros({1, 1, width}));
    patches_.emplace(*this, "conv_proj", image_shape(), width, patch);
    positions_ = ktb::add_parameter(*this, "encoder.pos_embedding",
                                    torch::empty({1, patches_->count + 1, width}));
    for (std::int64_t i = 0; i < layers; ++i)
      layers_.emplace_back(*this, layer_name(i), kNames, width, mlp_width, heads);
    norm_ = ktb::add_layer_norm(*this, "encoder.ln", width);
    add_head("heads.head", width);
    initialise(channels() * patch * patch);
  }

  std::string takes() const override { return layer_name(layers_.size() - 1) + "mlp.3.weight"; }

 protected:
  Output forward_trunk(const ktb::Batch& batch) override {
    Output out;
    out.features = {patches_->conv->forward(batch.x.at("image"))};
    auto x = ktb::with_class_token(class_token_, ktb::as_tokens(out.features[0])) + positions_;
    x = torch::dropout(x, dropout_, is_training());
    for (auto& layer : layers_) out.features.push_back(x = layer(x, dropout_, is_training()));
    out.features.push_back(norm_->forward(x));
    out.pooled = out.features.back().select(1, 0);
    return out;
  }

 private:
  static std::string layer_name(std::size_t i) {
    return "encoder.layers.encoder_layer_" + std::to_string(i) + ".";
  }

  void initialise(std::int64_t patch_values) {
    ktb::init_truncated_normal(patches_->conv->weight, std::sqrt(1.0 / patch_values));
    init::zeros_(patches_->conv->bias);
    init::normal_(positions_, 0, 0.02);
    for (auto& layer : layers_) {
      init::xavier_uniform_(layer.in_weight);
      init::zeros_(layer.out->bias);
      for (auto& linear : {layer.mlp.up, layer.mlp.down}) {
        init::xavier_uniform_(linear->weight);
        init::normal_(linear->bias, 0, 1e-6);
      }
    }
    init::zeros_(site(head_name() + ".weight"));
    init::zeros_(site(head_name() + ".bias"));
  }

  double dropout_;
  Tensor class_token_, positions_;
  std::optional<ktb::Patches> patches_;
  std::vector<ktb::EncoderLayer> layers_;
  torch::nn::LayerNorm norm_{nullptr};
};

}  // namespace

KTB_MODEL(Vit, "vision transformer with a class token", "Dosovitskiy et al., arXiv 2010.11929",
          "alias vit\n")
