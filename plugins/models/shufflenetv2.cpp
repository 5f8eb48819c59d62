// ShuffleNetV2 for CIFAR. Names and feature convention are those of HobbitLong/RepDistiller (from
// kuangliu/pytorch-cifar), whose network mdistiller shares; SimKD has the one of width 1.5.
#include <ATen/ops/cat.h>

#include <array>
#include <map>
#include <optional>
#include <string>

#include "ktb/nn/blocks.hpp"
#include "ktb/nn/image_model.hpp"
#include "ktb/plugin.hpp"

namespace {

using ktb::ConvNorm;
using ktb::Output;
using ktb::Tensor;

/// Two halves of the channels as a block leaves them, before their activation.
struct Halves {
  Tensor left, right;
  bool left_is_active;  ///< it went through

  Tensor before_activation() const { return at::cat({left, right}, 1); }
  /// As the next block sees them, shuffled. They are overwritten.
  Tensor map() {
    return ktb::shuffle_channels(at::cat({left_is_active ? left : left.relu_(), right.relu_()}, 1),
                                 2);
  }
};

/// Two branches over all channels for a stride of 2, else one over the second half of them.
struct Block {
  Block(torch::nn::Module& root, const std::string& at, std::int64_t in, std::int64_t out,
        bool down) {
    const auto half = out / 2, stride = std::int64_t{down ? 2 : 1};
    const auto add = [&](const ktb::ConvShape& shape) {
      const auto number = std::to_string(layers.size() + 1);
      layers.emplace_back(root, at + "conv" + number, at + "bn" + number, shape);
    };
    if (down) {
      add({.in = in, .out = in, .kernel = 3, .stride = 2, .groups = in});
      add({.in = in, .out = half});
    }
    add({.in = down ? in : half, .out = half});
    add({.in = half, .out = half, .kernel = 3, .stride = stride, .groups = half});
    add({.in = half, .out = half});
  }

  Halves operator()(const Tensor& x) const {
    const auto branch = [&](const Tensor& part, std::size_t first) {
      return layers[first + 2](layers[first + 1](layers[first](part).relu_()));
    };
    if (layers.size() == 5) {
      const auto left = layers[1](layers[0](x));
      return {left, branch(x, 2), false};
    }
    const auto halves = x.chunk(2, 1);
    return {halves[0], branch(halves[1], 0), true};
  }

  std::vector<ConvNorm> layers;
};

/// Channels of the three stages and of the last convolution by the factor on them.
const std::map<double, std::array<std::int64_t, 4>> kWidths = {{0.5, {48, 96, 192, 1024}},
                                                               {1.0, {116, 232, 464, 1024}},
                                                               {1.5, {176, 352, 704, 1024}},
                                                               {2.0, {224, 488, 976, 2048}}};

class ShuffleNetV2 final : public ktb::ConvNet {
 public:
  ShuffleNetV2(const ktb::TaskSpec& task, ktb::Options& options) : ConvNet(task) {
    const auto width = options.get("width", 1.0, "factor on the widths: 0.5, 1, 1.5, 2");
    const auto& widths = ktb::chosen(kWidths, "width", width);

    std::int64_t in = 24;
    stem_.emplace(*this, "conv1", "bn1", ktb::ConvShape{.in = channels(), .out = in});
    constexpr std::array kBlocks = {4, 8, 4};
    for (std::size_t stage = 0; stage < kBlocks.size(); ++stage) {
      auto& blocks = stages_.emplace_back();
      for (int i = 0; i < kBlocks[stage]; ++i, in = widths[stage])
        blocks.emplace_back(*this,
                            "layer" + std::to_string(stage + 1) + "." + std::to_string(i) + ".", in,
                            widths[stage], i == 0);
    }
    last_.emplace(*this, "conv2", "bn2", ktb::ConvShape{.in = in, .out = widths[3]});
    add_head("linear", widths[3]);
  }

  std::string takes() const override { return "conv2.weight"; }

 protected:
  Output forward_trunk(const ktb::Batch& batch) override {
    Output out;
    auto x = (*stem_)(batch.x.at("image")).relu_();
    out.features = {x};
    out.preacts.resize(1);  // as in the original, the stem offers no map before its activation
    for (const auto& stage : stages_) {
      for (const auto& block : stage) {
        auto halves = block(x);
        if (&block == &stage.back()) out.preacts.push_back(halves.before_activation());
        x = halves.map();
      }
      out.features.push_back(x);
    }
    out.pooled = averaged((*last_)(x).relu_());
    return out;
  }

 private:
  std::optional<ConvNorm> stem_, last_;
  std::vector<std::vector<Block>> stages_;
};

}  // namespace

KTB_MODEL(ShuffleNetV2, "ShuffleNetV2 for 32x32 images", "Ma et al., arXiv 1807.11164",
          "alias shufflenetv2_1_5 width=1.5\n")
