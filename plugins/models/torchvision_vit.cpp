// The vision transformer with torchvision's parameter names and initialisation. The layers
// called `self_attention` have the parameters of torch.nn.MultiheadAttention.
#include <torch/nn/functional/linear.h>
#include <torch/nn/init.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/normalization.h>

#include <cmath>
#include <string>

#include "ktb/blocks.hpp"
#include "ktb/image_model.hpp"
#include "ktb/plugin.hpp"

namespace {

using ktb::Output;
using ktb::Tensor;
namespace init = torch::nn::init;

torch::nn::LayerNorm layer_norm(std::int64_t width) {
  return torch::nn::LayerNorm(torch::nn::LayerNormOptions({width}).eps(1e-6));
}

struct EncoderLayer {
  EncoderLayer(torch::nn::Module& root, const std::string& at, std::int64_t width,
               std::int64_t mlp_width, std::int64_t heads, double dropout)
      : heads(heads),
        dropout(dropout),
        norm_1(ktb::add_layer(root, at + "ln_1", layer_norm(width))),
        in_weight(ktb::submodule(root, at + "self_attention")
                      .register_parameter("in_proj_weight", torch::empty({3 * width, width}))),
        in_bias(ktb::submodule(root, at + "self_attention")
                    .register_parameter("in_proj_bias", torch::zeros(3 * width))),
        out(ktb::add_layer(root, at + "self_attention.out_proj", torch::nn::Linear(width, width))),
        norm_2(ktb::add_layer(root, at + "ln_2", layer_norm(width))),
        up(ktb::add_layer(root, at + "mlp.0", torch::nn::Linear(width, mlp_width))),
        down(ktb::add_layer(root, at + "mlp.3", torch::nn::Linear(mlp_width, width))) {
    init::xavier_uniform_(in_weight);
    init::zeros_(out->bias);
    for (auto& linear : {up, down}) {
      init::xavier_uniform_(linear->weight);
      init::normal_(linear->bias, 0, 1e-6);
    }
  }

  Tensor attend(const Tensor& x) {
    return out->forward(ktb::mix_tokens(torch::linear(x, in_weight, in_bias), heads));
  }

  Tensor forward(const Tensor& x, bool training) {
    const auto drop = [&](const Tensor& y) { return torch::dropout(y, dropout, training); };
    const auto y = x + drop(attend(norm_1->forward(x)));
    return y + drop(down->forward(drop(torch::gelu(up->forward(norm_2->forward(y))))));
  }

  std::int64_t heads;
  double dropout;
  torch::nn::LayerNorm norm_1;
  Tensor in_weight, in_bias;
  torch::nn::Linear out;
  torch::nn::LayerNorm norm_2;
  torch::nn::Linear up, down;
};

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
    const auto height = image_shape()[1], breadth = image_shape()[2];
    if (height % patch || breadth % patch)
      throw ktb::OptionError("patch_size", "option `patch_size` is " + std::to_string(patch) +
                                               ", which does not divide the image, " +
                                               std::to_string(height) + " x " +
                                               std::to_string(breadth));
    if (width % heads)
      throw ktb::OptionError("num_heads", "option `num_heads` is " + std::to_string(heads) +
                                              ", which does not divide `hidden_dim`, " +
                                              std::to_string(width));

    class_token_ = register_parameter("class_token", torch::zeros({1, 1, width}));
    patches_ = ktb::add_layer(
        *this, "conv_proj",
        torch::nn::Conv2d(torch::nn::Conv2dOptions(channels(), width, patch).stride(patch)));
    ktb::init_truncated_normal(patches_->weight, std::sqrt(1.0 / (channels() * patch * patch)));
    init::zeros_(patches_->bias);
    const auto tokens = (height / patch) * (breadth / patch) + 1;
    positions_ = ktb::submodule(*this, "encoder")
                     .register_parameter("pos_embedding", torch::empty({1, tokens, width}));
    init::normal_(positions_, 0, 0.02);
    for (std::int64_t i = 0; i < layers; ++i)
      layers_.emplace_back(*this, layer_name(i), width, mlp_width, heads, dropout_);
    norm_ = ktb::add_layer(*this, "encoder.ln", layer_norm(width));
    auto head = add_head("heads.head", width);
    init::zeros_(head->weight);
    init::zeros_(head->bias);
  }

  std::string takes() const override { return layer_name(layers_.size() - 1) + "mlp.3.weight"; }

 protected:
  Output forward_trunk(const ktb::Batch& batch) override {
    Output out;
    out.features = {patches_->forward(batch.x.at("image"))};
    const auto tokens = out.features[0].flatten(2).transpose(1, 2);
    auto x = torch::cat({class_token_.expand({tokens.size(0), 1, -1}), tokens}, 1) + positions_;
    x = torch::dropout(x, dropout_, is_training());
    for (auto& layer : layers_) out.features.push_back(x = layer.forward(x, is_training()));
    out.features.push_back(norm_->forward(x));
    out.pooled = out.features.back().select(1, 0);
    return out;
  }

 private:
  static std::string layer_name(std::size_t i) {
    return "encoder.layers.encoder_layer_" + std::to_string(i) + ".";
  }

  double dropout_;
  Tensor class_token_, positions_;
  torch::nn::Conv2d patches_{nullptr};
  std::vector<EncoderLayer> layers_;
  torch::nn::LayerNorm norm_{nullptr};
};

}  // namespace

KTB_MODEL(Vit, "vision transformer with a class token", "Dosovitskiy et al., arXiv 2010.11929",
          "alias vit\n")
