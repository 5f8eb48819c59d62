#include "ktb/nn/mobilenet.hpp"

#include <ATen/ops/hardtanh.h>
#include <torch/nn/init.h>

#include <algorithm>
#include <cmath>

namespace ktb {
namespace {

/// ReLU with a ceiling, which overwrites its input. As PyTorch's ReLU6, and not at::clamp, whose
/// backward pass takes ten times as long on a CPU and lets the gradient through at both ends.
Tensor activated(Tensor x, double ceiling) {
  return std::isinf(ceiling) ? x.relu_() : at::hardtanh_(x, 0, ceiling);
}

struct Stage {
  std::int64_t width, repeats;
};
constexpr Stage kStages[] = {{16, 1}, {24, 2}, {32, 3}, {64, 4}, {96, 3}, {160, 3}, {320, 1}};

}  // namespace

MobileNetV2::~MobileNetV2() = default;

MobileNetV2::Block::Block(torch::nn::Module& root, const Names& names, std::int64_t in,
                          std::int64_t hidden, std::int64_t out, std::int64_t stride,
                          const Form& form)
    : ceiling(form.ceiling),
      expand(names.expand.conv.empty()
                 ? std::nullopt
                 : std::optional<ConvNorm>(std::in_place, root, "", names.expand,
                                           ConvShape{.in = in, .out = hidden, .bias = form.bias})),
      depthwise(root, "", names.depthwise,
                {.in = hidden,
                 .out = hidden,
                 .kernel = 3,
                 .stride = stride,
                 .groups = hidden,
                 .bias = form.bias}),
      project(root, "", names.project, {.in = hidden, .out = out, .bias = form.bias}),
      skips(stride == 1 && in == out) {}

Tensor MobileNetV2::Block::operator()(const Tensor& x) const {
  const auto wide = expand ? activated((*expand)(x), ceiling) : x;
  auto out = project(activated(depthwise(wide), ceiling));
  return skips ? out.add_(x) : out;
}

std::int64_t MobileNetV2::build(const Form& form, double width) {
  ceiling_ = form.ceiling;
  last_is_feature_ = form.last_is_feature;
  auto stem = form.stem;
  std::int64_t in = stem.out = form.scaled(stem.out * width);
  stem_.emplace(*this, "", form.stem_names, stem);
  preact_norms_ = {""};  // as in the originals, the stem offers no map before its activation

  Place place = {};
  for (place.stage = 0; place.stage < 7; ++place.stage) {
    const auto& stage = kStages[place.stage];
    const auto out = form.scaled(stage.width * width);
    place.alone = stage.repeats == 1;
    for (place.index = 0; place.index < stage.repeats; ++place.index, ++place.number, in = out) {
      place.last = place.index + 1 == stage.repeats;
      const auto names = form.names(place);
      blocks_.emplace_back(*this, names, in, place.stage == 0 ? in : 6 * in, out,
                           place.index == 0 ? form.strides[place.stage] : 1, form);
      blocks_.back().is_feature = form.is_feature(place);
      if (blocks_.back().is_feature) preact_norms_.push_back(names.project.norm);
      if (place.stage == 5) takes_ = names.project.conv + ".weight";
    }
  }
  const auto last = form.scaled(1280 * std::max(width, 1.0));
  last_.emplace(*this, "", form.last_names, ConvShape{.in = in, .out = last, .bias = form.bias});
  if (last_is_feature_) preact_norms_.push_back(form.last_names.norm);
  return last;
}

void MobileNetV2::init_normal(torch::nn::Linear head) {
  init_convolutions();
  torch::nn::init::normal_(head->weight, 0, 0.01);
  torch::nn::init::zeros_(head->bias);
}

/// Blocks end in a linear projection, so only the stem and the last map have an activation.
Output MobileNetV2::forward_trunk(const Batch& batch) {
  Output out;
  auto x = activated((*stem_)(batch.x.at("image")), ceiling_);
  out.features = {x};
  for (const auto& block : blocks_) {
    x = block(x);
    if (block.is_feature) out.features.push_back(x);
  }
  x = (*last_)(x);
  if (last_is_feature_) {
    out.preacts.resize(out.features.size());
    out.preacts.push_back(x);
    out.features.push_back(at::hardtanh(x, 0, ceiling_));
    out.pooled = averaged(out.features.back());
  } else {
    out.pooled = averaged(activated(x, ceiling_));
  }
  return out;
}

std::int64_t multiple_of_8(double channels) {
  const auto nearest = std::max<std::int64_t>(8, static_cast<std::int64_t>(channels + 4) / 8 * 8);
  return static_cast<double>(nearest) < 0.9 * channels ? nearest + 8 : nearest;
}

}  // namespace ktb
