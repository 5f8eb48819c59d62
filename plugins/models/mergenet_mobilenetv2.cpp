// MobileNetV2 for small images as in Fantasylii/mergenet (from weiaicunzai/pytorch-cifar100): a 1x1
// stem whose padding of 1 makes 34 of 32, and a bias in every convolution.
#include <algorithm>
#include <cmath>
#include <optional>
#include <string>

#include "ktb/blocks.hpp"
#include "ktb/image_model.hpp"
#include "ktb/plugin.hpp"

namespace {

using ktb::ConvNorm;
using ktb::ConvShape;
using ktb::Output;
using ktb::Tensor;

/// ReLU6, which overwrites its input.
Tensor clipped(Tensor x) { return x.clamp_(0, 6); }

struct InvertedResidual {
  InvertedResidual(torch::nn::Module& root, const std::string& at, std::int64_t in,
                   std::int64_t out, std::int64_t stride, std::int64_t expansion)
      : expand(root, at + "residual.0", at + "residual.1",
               {.in = in, .out = in * expansion, .bias = true}),
        depthwise(root, at + "residual.3", at + "residual.4",
                  {.in = in * expansion,
                   .out = in * expansion,
                   .kernel = 3,
                   .stride = stride,
                   .groups = in * expansion,
                   .bias = true}),
        project(root, at + "residual.6", at + "residual.7",
                {.in = in * expansion, .out = out, .bias = true}),
        skips(stride == 1 && in == out) {}

  Tensor operator()(const Tensor& x) const {
    auto out = project(clipped(depthwise(clipped(expand(x)))));
    return skips ? out.add_(x) : out;
  }

  ConvNorm expand, depthwise, project;
  bool skips;
};

struct Stage {
  std::int64_t width, repeats, stride;
};
constexpr Stage kStages[] = {{16, 1, 1}, {24, 2, 2},  {32, 3, 2}, {64, 4, 2},
                             {96, 3, 1}, {160, 3, 1}, {320, 1, 1}};

class MobileNetV2 final : public ktb::ConvNet {
 public:
  MobileNetV2(const ktb::TaskSpec& task, ktb::Options& options) : ConvNet(task) {
    const auto width = options.get("width", 1.0,
                                   "factor on all widths, to multiples of 8; the last one, 1280, "
                                   "only grows",
                                   {.least = 0.1, .most = 8});
    const auto scaled = [](std::int64_t channels, double factor) {
      return std::max<std::int64_t>(8, 8 * std::lround(channels * factor / 8));
    };

    std::int64_t in = scaled(32, width);
    stem_.emplace(*this, "pre.0", "pre.1",
                  ConvShape{.in = channels(), .out = in, .padding = 1, .bias = true});
    int number = 0;
    for (const auto& stage : kStages) {
      const auto out = scaled(stage.width, width);
      const auto at = "stage" + std::to_string(++number) + ".";
      auto& blocks = stages_.emplace_back();
      for (std::int64_t i = 0; i < stage.repeats; ++i, in = out)
        blocks.emplace_back(*this, stage.repeats == 1 ? at : at + std::to_string(i) + ".", in, out,
                            i == 0 ? stage.stride : 1, number == 1 ? 1 : 6);
    }
    const auto last = scaled(1280, std::max(width, 1.0));
    widen_.emplace(*this, "conv1.0", "conv1.1", ConvShape{.in = in, .out = last, .bias = true});
    add_head("linear", last);
  }

  std::string takes() const override { return "stage6.2.residual.6.weight"; }

 protected:
  /// Stages end in a linear projection, so only the stem and the last map have an activation.
  Output forward_trunk(const ktb::Batch& batch) override {
    Output out;
    Tensor x = clipped((*stem_)(batch.x.at("image")));
    out.features.push_back(x);
    for (const auto& stage : stages_) {
      for (const auto& block : stage) x = block(x);
      out.features.push_back(x);
    }
    out.preacts.resize(out.features.size());
    out.preacts.push_back((*widen_)(x));
    out.features.push_back(out.preacts.back().clamp(0, 6));
    out.pooled = averaged(out.features.back());
    return out;
  }

 private:
  std::optional<ConvNorm> stem_, widen_;
  std::vector<std::vector<InvertedResidual>> stages_;
};

}  // namespace

KTB_MODEL(MobileNetV2, "MobileNetV2 for 32x32 images, the target of MergeNet",
          "Sandler et al., arXiv 1801.04381", "")
