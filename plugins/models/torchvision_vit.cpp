// The vision transformer with torchvision's parameter names and initialisation. The layers
// called `self_attention` have the parameters of torch.nn.MultiheadAttention.
#include <torch/nn/init.h>

#include <cmath>

#include "ktb/nn/transformer.hpp"
#include "ktb/plugin.hpp"

namespace {

namespace init = torch::nn::init;

class Vit final : public ktb::VisionTransformer {
 public:
  Vit(const ktb::TaskSpec& task, ktb::Options& options) : VisionTransformer(task) {
    const Sizes sizes = {
        .patch = options.get("patch_size", 4, "side of a patch", {.least = 1}),
        .width = options.get("hidden_dim", 192, "width of a token", {.least = 1}),
        .hidden = options.get("mlp_dim", 768, "width of the hidden layer", {.least = 1}),
        .heads = options.get("num_heads", 3, "heads of an attention", {.least = 1}),
        .layers = options.get("num_layers", 6, "encoder layers", {.least = 1})};
    const auto dropout =
        options.get("dropout", 0.0, "rate after embedding, attention and hidden layers",
                    {.least = 0, .most = 0.99});
    const Names names = {
        .patches = "conv_proj",
        .class_token = "class_token",
        .positions = "encoder.pos_embedding",
        .norm = "encoder.ln",
        .head = "heads.head",
        .layer = "encoder.layers.encoder_layer_",
        .parts = {"ln_1", "self_attention.in_proj_weight", "self_attention.in_proj_bias",
                  "self_attention.out_proj", "ln_2", "mlp.0", "mlp.3"}};
    initialise(build(names, sizes, dropout), channels() * sizes.patch * sizes.patch);
  }

 private:
  static void initialise(Parts& parts, std::int64_t patch_values) {
    ktb::init_truncated_normal(parts.patches->weight, std::sqrt(1.0 / patch_values));
    init::zeros_(parts.patches->bias);
    init::normal_(parts.positions, 0, 0.02);
    for (auto& layer : parts.layers) {
      init::xavier_uniform_(layer.in_weight);
      init::zeros_(layer.out->bias);
      for (auto& linear : {layer.mlp.up, layer.mlp.down}) {
        init::xavier_uniform_(linear->weight);
        init::normal_(linear->bias, 0, 1e-6);
      }
    }
    init::zeros_(parts.head->weight);
    init::zeros_(parts.head->bias);
  }
};

}  // namespace

KTB_MODEL(Vit, "vision transformer with a class token", "Dosovitskiy et al., arXiv 2010.11929",
          "alias vit\n")
