// DeiT without a distillation token: the vision transformer with timm's parameter names and
// initialisation. The defaults are those of deit_tiny_patch16_224 but for the image's size.
#include <torch/nn/init.h>

#include <optional>
#include <string>

#include "ktb/image_model.hpp"
#include "ktb/plugin.hpp"
#include "ktb/tokens.hpp"

namespace {

using ktb::Output;
using ktb::Tensor;
namespace init = torch::nn::init;

const ktb::EncoderNames kNames = {"norm1", "attn.qkv.weight", "attn.qkv.bias", "attn.proj",
                                  "norm2", "mlp.fc1",         "mlp.fc2"};

class Deit final : public ktb::ImageModel {
 public:
  Deit(const ktb::TaskSpec& task, ktb::Options& options) : ImageModel(task) {
    const auto patch = options.get("patch_size", 16, "side of a patch", {.least = 1});
    const auto width = options.get(
        "hidden_dim", 192, "width of a token; hidden layers are four times as wide", {.least = 1});
    const auto heads = options.get("num_heads", 3, "heads of an attention", {.least = 1});
    const auto layers = options.get("num_layers", 12, "encoder layers", {.least = 1});

    patches_.emplace(*this, "patch_embed.proj", image_shape(), width, patch);
    class_token_ = register_parameter("cls_token", torch::empty({1, 1, width}));
    positions_ = register_parameter("pos_embed", torch::empty({1, patches_->count + 1, width}));
    init::normal_(class_token_, 0, 1e-6);
    ktb::init_truncated_normal(positions_, 0.02);
    for (std::int64_t i = 0; i < layers; ++i)
      layers_.emplace_back(*this, layer_name(i), kNames, width, 4 * width, heads);
    norm_ = ktb::add_layer_norm(*this, "norm", width);
    auto head = add_head("head", width);
    for (auto& layer : layers_) {
      ktb::init_truncated_normal(layer.in_weight, 0.02);
      for (auto& linear : {layer.out, layer.mlp.up, layer.mlp.down}) initialise(linear);
    }
    initialise(head);
  }

  std::string takes() const override { return layer_name(layers_.size() - 1) + "mlp.fc2.weight"; }

 protected:
  Output forward_trunk(const ktb::Batch& batch) override {
    Output out;
    out.features = {ktb::as_tokens(patches_->conv->forward(batch.x.at("image")))};
    auto x = ktb::with_class_token(class_token_, out.features[0]) + positions_;
    for (auto& layer : layers_) out.features.push_back(x = layer(x));
    out.features.push_back(norm_->forward(x));
    out.pooled = out.features.back().select(1, 0);
    return out;
  }

 private:
  static std::string layer_name(std::size_t i) { return "blocks." + std::to_string(i) + "."; }

  static void initialise(const torch::nn::Linear& linear) {
    ktb::init_truncated_normal(linear->weight, 0.02);
    init::zeros_(linear->bias);
  }

  Tensor class_token_, positions_;
  std::optional<ktb::Patches> patches_;
  std::vector<ktb::EncoderLayer> layers_;
  torch::nn::LayerNorm norm_{nullptr};
};

}  // namespace

KTB_MODEL(Deit, "DeiT, a vision transformer with a class token", "Touvron et al., arXiv 2012.12877",
          "alias timm_deit_tiny\n")
