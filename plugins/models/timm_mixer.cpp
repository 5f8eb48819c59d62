// The MLP-Mixer with timm's parameter names and initialisation.
#include <torch/nn/init.h>

#include <cmath>
#include <optional>
#include <string>

#include "ktb/nn/image_model.hpp"
#include "ktb/nn/tokens.hpp"
#include "ktb/plugin.hpp"

namespace {

using ktb::Output;
using ktb::Tensor;
namespace init = torch::nn::init;

/// Deviation of a normal distribution after it was cut off at two deviations.
constexpr double kTruncatedDeviation = 0.87962566103423978;

struct Block {
  Block(torch::nn::Module& root, const std::string& at, std::int64_t tokens, std::int64_t width)
      : norm_1(ktb::add_layer_norm(root, at + "norm1", width)),
        mix_tokens(root, at + "mlp_tokens.fc1", at + "mlp_tokens.fc2", tokens, width / 2),
        norm_2(ktb::add_layer_norm(root, at + "norm2", width)),
        mix_channels(root, at + "mlp_channels.fc1", at + "mlp_channels.fc2", width, 4 * width) {
    for (auto& linear : {mix_tokens.up, mix_tokens.down, mix_channels.up, mix_channels.down}) {
      init::xavier_uniform_(linear->weight);
      init::normal_(linear->bias, 0, 1e-6);
    }
  }

  Tensor operator()(const Tensor& x) {
    const auto y = x + mix_tokens(norm_1->forward(x).transpose(1, 2)).transpose(1, 2);
    return y + mix_channels(norm_2->forward(y));
  }

  torch::nn::LayerNorm norm_1;
  ktb::Mlp mix_tokens;
  torch::nn::LayerNorm norm_2;
  ktb::Mlp mix_channels;
};

class Mixer final : public ktb::ImageModel {
 public:
  Mixer(const ktb::TaskSpec& task, ktb::Options& options) : ImageModel(task) {
    const auto patch = options.get("patch_size", 4, "side of a patch", {.least = 1});
    const auto width = options.get("hidden_dim", 192,
                                   "width of a token; hidden layers are half as wide over the "
                                   "tokens and four times as wide over the channels",
                                   {.least = 2});
    const auto blocks = options.get("num_layers", 6, "pairs of mixing layers", {.least = 1});

    patches_.emplace(*this, "stem.proj", image_shape(), width, patch);
    const torch::NoGradGuard no_grad;
    ktb::init_truncated_normal(patches_->conv->weight, 1);
    patches_->conv->weight.mul_(std::sqrt(1.0 / (channels() * patch * patch)) /
                                kTruncatedDeviation);
    init::zeros_(patches_->conv->bias);
    for (std::int64_t i = 0; i < blocks; ++i)
      blocks_.emplace_back(*this, "blocks." + std::to_string(i) + ".", patches_->count, width);
    norm_ = ktb::add_layer_norm(*this, "norm", width);
    auto head = add_head("head", width);
    init::zeros_(head->weight);
    init::zeros_(head->bias);
  }

  std::string takes() const override {
    return "blocks." + std::to_string(blocks_.size() - 1) + ".mlp_channels.fc2.weight";
  }

 protected:
  Output forward_trunk(const ktb::Batch& batch) override {
    Output out;
    auto x = ktb::as_tokens(patches_->conv->forward(batch.x.at("image")));
    out.features = {x};
    for (auto& block : blocks_) out.features.push_back(x = block(x));
    out.features.push_back(norm_->forward(x));
    out.pooled = out.features.back().mean(1);
    return out;
  }

 private:
  std::optional<ktb::Patches> patches_;
  std::vector<Block> blocks_;
  torch::nn::LayerNorm norm_{nullptr};
};

}  // namespace

KTB_MODEL(Mixer, "MLP-Mixer: layers over tokens and over channels in turn",
          "Tolstikhin et al., arXiv 2105.01601", "")
