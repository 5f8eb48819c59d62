// DeiT without a distillation token: the vision transformer with timm's parameter names and
// initialisation. The defaults are those of deit_tiny_patch16_224 but for the image's size.
#include <torch/nn/init.h>

#include "ktb/nn/transformer.hpp"
#include "ktb/plugin.hpp"

namespace {

namespace init = torch::nn::init;

class Deit final : public ktb::VisionTransformer {
 public:
  Deit(const ktb::TaskSpec& task, ktb::Options& options) : VisionTransformer(task) {
    const auto width = options.get(
        "hidden_dim", 192, "width of a token; hidden layers are four times as wide", {.least = 1});
    const Sizes sizes = {
        .patch = options.get("patch_size", 16, "side of a patch", {.least = 1}),
        .width = width,
        .hidden = 4 * width,
        .heads = options.get("num_heads", 3, "heads of an attention", {.least = 1}),
        .layers = options.get("num_layers", 12, "encoder layers", {.least = 1})};
    initialise(build({.patches = "patch_embed.proj",
                      .class_token = "cls_token",
                      .positions = "pos_embed",
                      .norm = "norm",
                      .head = "head",
                      .layer = "blocks.",
                      .parts = {"norm1", "attn.qkv.weight", "attn.qkv.bias", "attn.proj", "norm2",
                                "mlp.fc1", "mlp.fc2"}},
                     sizes));
  }

 protected:
  /// timm hands out the patches as tokens.
  ktb::Output forward_trunk(const ktb::Batch& batch) override {
    auto out = VisionTransformer::forward_trunk(batch);
    out.features[0] = ktb::as_tokens(out.features[0]);
    return out;
  }

 private:
  static void initialise(Parts& parts) {
    init::normal_(parts.class_token, 0, 1e-6);
    ktb::init_truncated_normal(parts.positions, 0.02);
    std::vector<torch::nn::Linear> linears = {parts.head};
    for (auto& layer : parts.layers) {
      ktb::init_truncated_normal(layer.in_weight, 0.02);  // its bias is 0 already
      linears.insert(linears.end(), {layer.out, layer.mlp.up, layer.mlp.down});
    }
    for (auto& linear : linears) {
      ktb::init_truncated_normal(linear->weight, 0.02);
      init::zeros_(linear->bias);
    }
  }
};

}  // namespace

KTB_MODEL(Deit, "DeiT, a vision transformer with a class token", "Touvron et al., arXiv 2012.12877",
          "alias timm_deit_tiny\n")
