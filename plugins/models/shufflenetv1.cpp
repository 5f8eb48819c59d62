// ShuffleNet with three groups for CIFAR. Names and feature convention are those of
// HobbitLong/RepDistiller (from kuangliu/pytorch-cifar), whose network mdistiller shares.
#include <ATen/ops/avg_pool2d.h>
#include <ATen/ops/cat.h>

#include <optional>
#include <string>

#include "ktb/nn/blocks.hpp"
#include "ktb/nn/image_model.hpp"
#include "ktb/plugin.hpp"

namespace {

using ktb::ConvNorm;
using ktb::Output;
using ktb::Tensor;

constexpr std::int64_t kGroups = 3, kStem = 24;

/// A block of stride 2 joins its input, averaged, to its output, the others add it.
struct Block {
  Block(torch::nn::Module& root, const std::string& at, std::int64_t in, std::int64_t out,
        std::int64_t stride)
      : Block(root, at, in, stride == 2 ? out - in : out, stride, in == kStem ? 1 : kGroups) {}

  /// Its sum or join, in front of the ReLU.
  Tensor operator()(const Tensor& x) const {
    const auto mixed = ktb::shuffle_channels(reduce(x).relu_(), groups);
    auto out = expand(spatial(mixed).relu_());
    return joins ? at::cat({out, at::avg_pool2d(x, 3, 2, 1)}, 1) : out.add_(x);
  }

  bool joins;
  std::int64_t groups;  ///< the stem's few channels are not grouped
  ConvNorm reduce, spatial, expand;

 private:
  Block(torch::nn::Module& root, const std::string& at, std::int64_t in, std::int64_t own,
        std::int64_t stride, std::int64_t groups)
      : joins(stride == 2),
        groups(groups),
        reduce(root, at + "conv1", at + "bn1", {.in = in, .out = own / 4, .groups = groups}),
        spatial(root, at + "conv2", at + "bn2",
                {.in = own / 4, .out = own / 4, .kernel = 3, .stride = stride, .groups = own / 4}),
        expand(root, at + "conv3", at + "bn3", {.in = own / 4, .out = own, .groups = kGroups}) {}
};

struct Stage {
  std::int64_t width, blocks;
};
constexpr Stage kStages[] = {{240, 4}, {480, 8}, {960, 4}};

class ShuffleNetV1 final : public ktb::ConvNet {
 public:
  ShuffleNetV1(const ktb::TaskSpec& task, ktb::Options&) : ConvNet(task) {
    std::int64_t in = kStem;
    stem_.emplace(*this, "conv1", "bn1", ktb::ConvShape{.in = channels(), .out = in});
    for (const auto& stage : kStages) {
      auto& blocks = stages_.emplace_back();
      for (std::int64_t i = 0; i < stage.blocks; ++i, in = stage.width) {
        last_ = "layer" + std::to_string(stages_.size()) + "." + std::to_string(i) + ".";
        blocks.emplace_back(*this, last_, in, stage.width, i == 0 ? 2 : 1);
      }
    }
    add_head("linear", in);
  }

  std::string takes() const override { return last_ + "conv3.weight"; }

 protected:
  Output forward_trunk(const ktb::Batch& batch) override {
    Output out;
    auto x = (*stem_)(batch.x.at("image")).relu_();
    out.features = {x};
    out.preacts.resize(1);  // as in the original, the stem offers no map before its activation
    for (const auto& stage : stages_) {
      Tensor sum;
      for (const auto& block : stage) {
        sum = block(x);
        x = &block == &stage.back() ? sum.relu() : sum.relu_();
      }
      out.preacts.push_back(sum);
      out.features.push_back(x);
    }
    out.pooled = averaged(x);
    return out;
  }

 private:
  std::optional<ConvNorm> stem_;
  std::vector<std::vector<Block>> stages_;
  std::string last_;
};

}  // namespace

KTB_MODEL(ShuffleNetV1, "ShuffleNet with three groups for 32x32 images",
          "Zhang et al., arXiv 1707.01083", "")
