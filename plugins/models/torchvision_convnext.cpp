// ConvNeXt with torchvision's parameter names and initialisation; the defaults are convnext_tiny's.
// Images of 28 or 32 pixels leave room for three or four stages.
#include <torch/nn/init.h>

#include <algorithm>
#include <string>

#include "ktb/nn/image_model.hpp"
#include "ktb/nn/tokens.hpp"
#include "ktb/plugin.hpp"

namespace {

using ktb::Convolution;
using ktb::Output;
using ktb::Tensor;
using torch::nn::LayerNorm;

/// LayerNorm over the channels of [B, c, h, w].
Tensor normed(LayerNorm& norm, const Tensor& map) {
  return norm->forward(map.permute({0, 2, 3, 1})).permute({0, 3, 1, 2});
}

struct Block {
  Block(torch::nn::Module& root, const std::string& at, std::int64_t width)
      : scale(ktb::add_parameter(root, at + "layer_scale", torch::full({width, 1, 1}, 1e-6))),
        spatial(
            ktb::add_conv(root, at + "block.0",
                          {.in = width, .out = width, .kernel = 7, .groups = width, .bias = true})),
        norm(ktb::add_layer_norm(root, at + "block.2", width)),
        mlp(root, at + "block.3", at + "block.5", width, 4 * width) {}

  Tensor operator()(const Tensor& x) {
    const auto y = mlp(norm->forward(spatial->forward(x).permute({0, 2, 3, 1})));
    return x + scale * y.permute({0, 3, 1, 2});
  }

  Tensor scale;
  Convolution spatial;
  LayerNorm norm;
  ktb::Mlp mlp;
};

struct Stage {
  LayerNorm norm;  // in front of the convolution that halves the map
  Convolution shrink;
  std::vector<Block> blocks;
};

class ConvNeXt final : public ktb::ConvNet {
 public:
  ConvNeXt(const ktb::TaskSpec& task, ktb::Options& options) : ConvNet(task) {
    const auto depths = options.get("depths", std::vector<std::int64_t>{3, 3, 9, 3},
                                    "blocks of each stage", {.least = 1});
    const auto widths = options.get("widths", std::vector<std::int64_t>{96, 192, 384, 768},
                                    "channels of each stage", {.least = 1});
    const auto patch = options.get("patch_size", 4, "side of the stem's patches", {.least = 1});
    if (depths.empty() || depths.size() != widths.size())
      throw ktb::OptionError("widths", "options `depths` and `widths` have " +
                                           std::to_string(depths.size()) + " and " +
                                           std::to_string(widths.size()) +
                                           " entries; give one of each for every stage");
    const auto side = std::min(image_shape()[1], image_shape()[2]);
    if ((side / patch) >> (depths.size() - 1) == 0)
      throw ktb::OptionError(
          "depths", std::to_string(depths.size()) + " stages leave nothing of an image of " +
                        std::to_string(side) +
                        " pixels; give fewer `depths` and `widths`, or a smaller "
                        "`patch_size`");

    std::int64_t in = channels();
    for (std::size_t i = 0; i < depths.size(); in = widths[i++]) {
      const auto at = feature(2 * i);
      // The stem's convolution comes before its normalisation, the others after it.
      const auto size = i == 0 ? patch : 2;
      auto shrink = ktb::add_conv(
          *this, at + (i == 0 ? "0" : "1"),
          {.in = in, .out = widths[i], .kernel = size, .stride = size, .padding = 0, .bias = true});
      auto norm = ktb::add_layer_norm(*this, at + (i == 0 ? "1" : "0"), i == 0 ? widths[0] : in);
      auto& stage = stages_.emplace_back(Stage{norm, shrink, {}});
      for (std::int64_t k = 0; k < depths[i]; ++k) {
        last_ = feature(2 * i + 1) + std::to_string(k) + ".";
        stage.blocks.emplace_back(*this, last_, widths[i]);
      }
    }
    norm_ = ktb::add_layer_norm(*this, "classifier.0", in);
    add_head("classifier.2", in);
    initialise();
  }

  /// With the normalisation in front of its linear layer.
  std::string head_name() const override { return "classifier"; }
  std::string gives() const override { return "classifier.2.weight"; }
  std::string takes() const override { return last_ + "block.5.weight"; }
  bool normalised_after(const std::string&) const override { return false; }

 protected:
  Output forward_trunk(const ktb::Batch& batch) override {
    Output out;
    auto x = batch.x.at("image");
    for (auto& stage : stages_) {
      const bool stem = &stage == &stages_.front();
      x = stem ? normed(stage.norm, stage.shrink->forward(x))
               : stage.shrink->forward(normed(stage.norm, x));
      out.features.push_back(x);
      for (auto& block : stage.blocks) x = block(x);
      out.features.push_back(x);
    }
    out.pooled = averaged(x);
    return out;
  }
  Tensor forward_head(const Output& output) override {
    auto in = output;
    in.pooled = norm_->forward(output.pooled);
    return ConvNet::forward_head(in);
  }

 private:
  static std::string feature(std::size_t i) { return "features." + std::to_string(i) + "."; }

  void initialise() {
    for (const auto& item : named_parameters()) {
      if (item.value().dim() == 4 || item.value().dim() == 2)
        ktb::init_truncated_normal(item.value(), 0.02);
      else if (item.key().ends_with(".bias"))
        torch::nn::init::zeros_(item.value());
    }
  }

  std::vector<Stage> stages_;
  LayerNorm norm_{nullptr};
  std::string last_;
};

}  // namespace

KTB_MODEL(ConvNeXt, "ConvNeXt: convolutions arranged like a transformer",
          "Liu et al., arXiv 2201.03545", "alias torchvision_convnext_tiny\n")
