// The thin ResNets for CIFAR of He et al., section 4.2, with projection shortcuts (type B). Widths,
// names and initialisation are those of HobbitLong/RepDistiller, whose networks mdistiller shares.
#include <optional>
#include <string>

#include "ktb/blocks.hpp"
#include "ktb/image_model.hpp"
#include "ktb/plugin.hpp"

namespace {

using ktb::ConvNorm;
using ktb::Output;
using ktb::Tensor;

struct Block {
  Block(torch::nn::Module& root, const std::string& at, std::int64_t in, std::int64_t out,
        std::int64_t stride)
      : first(root, at + "conv1", at + "bn1",
              {.in = in, .out = out, .kernel = 3, .stride = stride}),
        second(root, at + "conv2", at + "bn2", {.in = out, .out = out, .kernel = 3}) {
    if (stride != 1 || in != out)
      shortcut.emplace(root, at + "downsample.0", at + "downsample.1",
                       ktb::ConvShape{.in = in, .out = out, .stride = stride});
  }

  Tensor operator()(const Tensor& x) const {
    return second(first(x).relu_()).add_(shortcut ? (*shortcut)(x) : x);
  }

  ConvNorm first, second;
  std::optional<ConvNorm> shortcut;
};

class Resnet final : public ktb::ConvNet {
 public:
  Resnet(const ktb::TaskSpec& task, ktb::Options& options) : ConvNet(task) {
    const auto depth = options.get(
        "depth", 20, "layers, 6 n + 2 with n blocks a stage: 8, 14, 20, 32, 44, 56, 110",
        {.least = 8, .most = 1202});
    if (depth % 6 != 2)
      throw ktb::OptionError("depth", "option `depth` is " + std::to_string(depth) +
                                          ", not 6 n + 2; known: 8, 14, 20, 32, 44, 56, 110");
    const auto width = options.get(
        "width", 1, "factor on the stages' widths 16, 32, 64; the stem has 16, above 1 32",
        {.least = 1, .most = 64});

    std::int64_t in = width == 1 ? 16 : 32;
    stem_.emplace(*this, "conv1", "bn1", ktb::ConvShape{.in = channels(), .out = in, .kernel = 3});
    for (const int stage : {1, 2, 3}) {
      const auto out = width * (8 << stage);
      auto& blocks = stages_.emplace_back();
      for (std::int64_t i = 0; i < (depth - 2) / 6; ++i, in = out) {
        last_ = "layer" + std::to_string(stage) + "." + std::to_string(i) + ".";
        blocks.emplace_back(*this, last_, in, out, i == 0 && stage > 1 ? 2 : 1);
      }
    }
    add_head("fc", in);
    init_convolutions();
  }

  std::string takes() const override { return last_ + "conv2.weight"; }

 protected:
  Output forward_trunk(const ktb::Batch& batch) override {
    Output out;
    out.features = {(*stem_)(batch.x.at("image")).relu_()};
    out.preacts.resize(1);  // as in the original, the stem offers no map before its activation
    for (const auto& stage : stages_) ktb::run_residual_stage(stage, out);
    out.pooled = averaged(out.features.back());
    return out;
  }

 private:
  std::optional<ConvNorm> stem_;
  std::vector<std::vector<Block>> stages_;
  std::string last_;
};

}  // namespace

KTB_MODEL(Resnet, "thin ResNets for 32x32 images; x4: four times as wide",
          "He et al., arXiv 1512.03385",
          "alias resnet8 depth=8\n"
          "alias resnet14 depth=14\n"
          "alias resnet20 depth=20\n"
          "alias resnet32 depth=32\n"
          "alias resnet44 depth=44\n"
          "alias resnet56 depth=56\n"
          "alias resnet110 depth=110\n"
          "alias resnet8x4 depth=8 width=4\n"
          "alias resnet32x4 depth=32 width=4\n")
