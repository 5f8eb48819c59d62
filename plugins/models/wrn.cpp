// Wide ResNets for CIFAR with pre-activation blocks. Names, initialisation and feature convention
// are those of HobbitLong/RepDistiller, whose networks mdistiller shares.
#include <torch/nn/init.h>

#include <optional>
#include <string>

#include "ktb/nn/blocks.hpp"
#include "ktb/nn/image_model.hpp"
#include "ktb/plugin.hpp"

namespace {

using ktb::ConvNorm;
using ktb::Convolution;
using ktb::Output;
using ktb::Tensor;
using torch::nn::BatchNorm2d;

struct Block {
  Block(torch::nn::Module& root, const std::string& at, std::int64_t in, std::int64_t out,
        std::int64_t stride)
      : norm(ktb::add_layer(root, at + "bn1", BatchNorm2d(in))),
        first(root, at + "conv1", at + "bn2",
              {.in = in, .out = out, .kernel = 3, .stride = stride}),
        second(ktb::add_conv(root, at + "conv2", {.in = out, .out = out, .kernel = 3})) {
    if (in != out)
      shortcut = ktb::add_conv(root, at + "convShortcut", {.in = in, .out = out, .stride = stride});
  }

  /// `active`: what its norm and a ReLU make of x.
  Tensor operator()(const Tensor& x, const Tensor& active) {
    const auto sum = second->forward(first(active).relu_());
    // Where widths differ, the shortcut takes the activated input.
    return sum + (shortcut ? shortcut->forward(active) : x);
  }

  BatchNorm2d norm;
  ConvNorm first;
  Convolution second, shortcut{nullptr};
};

class Wrn final : public ktb::ConvNet {
 public:
  Wrn(const ktb::TaskSpec& task, ktb::Options& options) : ConvNet(task) {
    const auto depth =
        options.get("depth", 16, "layers, 6 n + 4 with n blocks a stage: 10, 16, 22, 28, 40",
                    {.least = 10, .most = 1204});
    if (depth % 6 != 4)
      throw ktb::OptionError("depth", "option `depth` is " + std::to_string(depth) +
                                          ", not 6 n + 4; known: 10, 16, 22, 28, 40");
    const auto width =
        options.get("width", 2, "factor on the stages' widths 16, 32, 64; the stem has 16",
                    {.least = 1, .most = 64});

    std::int64_t in = 16;
    stem_ = ktb::add_conv(*this, "conv1", {.in = channels(), .out = in, .kernel = 3});
    for (const int stage : {1, 2, 3}) {
      const auto out = width * (8 << stage);
      auto& blocks = stages_.emplace_back();
      for (std::int64_t i = 0; i < (depth - 4) / 6; ++i, in = out) {
        last_ = "block" + std::to_string(stage) + ".layer." + std::to_string(i) + ".";
        blocks.emplace_back(*this, last_, in, out, i == 0 && stage > 1 ? 2 : 1);
      }
    }
    norm_ = ktb::add_layer(*this, "bn1", BatchNorm2d(in));
    auto head = add_head("fc", in);
    init_convolutions();
    torch::nn::init::zeros_(head->bias);
  }

  std::string takes() const override { return last_ + "conv2.weight"; }
  std::vector<std::string> preact_norms() const override {
    return {"", "block2.layer.0.bn1", "block3.layer.0.bn1", "bn1"};
  }
  /// All other convolutions end in a sum.
  bool normalised_after(const std::string& parameter) const override {
    return site(parameter).dim() == 4 && parameter.ends_with(".conv1.weight");
  }

 protected:
  /// Features are the raw sums. Before its activation a map is seen by the next normalisation,
  /// which belongs to the next stage. As in the original, the stem offers none.
  Output forward_trunk(const ktb::Batch& batch) override {
    Output out;
    out.preacts.resize(1);
    auto x = stem_->forward(batch.x.at("image"));
    for (auto& stage : stages_) {
      const bool first = &stage == &stages_.front();
      out.features.push_back(x);
      for (auto& block : stage) {
        const auto normed = block.norm->forward(x);
        const bool kept = &block == &stage.front() && !first;
        if (kept) out.preacts.push_back(normed);
        x = block(x, kept ? normed.relu() : normed.relu_());
      }
    }
    out.features.push_back(x);
    out.preacts.push_back(norm_->forward(x));
    out.pooled = averaged(out.preacts.back().relu());
    return out;
  }

 private:
  Convolution stem_{nullptr};
  std::vector<std::vector<Block>> stages_;
  BatchNorm2d norm_{nullptr};
  std::string last_;
};

}  // namespace

KTB_MODEL(Wrn, "wide ResNets for 32x32 images, wrn_depth_width",
          "Zagoruyko et al., arXiv 1605.07146",
          "alias wrn_16_1 depth=16 width=1\n"
          "alias wrn_16_2 depth=16 width=2\n"
          "alias wrn_40_1 depth=40 width=1\n"
          "alias wrn_40_2 depth=40 width=2\n")
