// ReviewKD: deep levels of the target are fused into shallower ones on the way up, and each fused
// map is compared with the source's at several sizes. Chen et al., CVPR 2021, arXiv 2104.09044; as
// in mdistiller, whose middle width is that of the pooled feature.
#include <ATen/ops/adaptive_avg_pool2d.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/upsample_nearest2d.h>
#include <torch/nn/modules/conv.h>

#include <algorithm>

#include "ktb/nn/blocks.hpp"
#include "ktb/plugin.hpp"
#include "ktb/transfer/maps.hpp"

namespace {

using ktb::Tensor;

/// Attention based fusion of one level with the deeper one.
struct Fusion {
  Fusion(torch::nn::Module& root, const std::string& at, std::int64_t in, std::int64_t mid,
         std::int64_t out, bool fuses)
      : narrow(root, at + "conv1.conv", at + "conv1.bn", {.in = in, .out = mid}),
        widen(root, at + "conv2.conv", at + "conv2.bn", {.in = mid, .out = out, .kernel = 3}) {
    if (fuses)
      attention = ktb::add_layer(root, at + "att_conv",
                                 torch::nn::Conv2d(torch::nn::Conv2dOptions(2 * mid, 2, 1)));
  }
  ktb::ConvNorm narrow, widen;
  torch::nn::Conv2d attention{nullptr};
};

class ReviewKd final : public ktb::Method {
 public:
  explicit ReviewKd(ktb::Options& o)
      : ce_(o.get("ce_weight", 1.0, "weight of the target's own task")),
        review_(o.get("review_weight", 1.0, "weight of all levels together")),
        warmup_(o.get("warmup", 20.0, "epochs in which it grows from 0; 0: none", {.least = 0})),
        most_(o.get("max_mid_channels", 512, "most channels between both convolutions",
                    {.least = 1})),
        preact_(o.get("student_preact", false, "the target's maps before their activation")) {}

  ktb::SourceUse use(std::size_t) const override { return {.head = false}; }
  ktb::Reason unsuited(const ktb::Pairing& p) const override { return ktb::unlike_maps(p); }

  void attach() override {
    pairs_ = ktb::MapPairs(t().pairing);
    const auto width = t().pairing.target->model.pooled;
    const auto mid = std::min(most_, width);
    const auto add = [&](std::int64_t in, std::int64_t out) {
      const auto at = "abf." + std::to_string(levels_.size()) + ".";
      levels_.emplace_back(*this, at, in, mid, out, !levels_.empty());
    };
    add(width, t().pairing.sources.at(0).model.pooled);
    for (std::size_t i = pairs_.places.size(); i-- > 0;)
      add(pairs_.target[i][0], pairs_.source[i][0]);
  }

  ktb::Terms losses(ktb::Step& step) override {
    const auto &target = step.target(), &source = step.source();
    const auto as_map = [](const Tensor& pooled) { return pooled.unsqueeze(2).unsqueeze(3); };
    auto [fused, sum] = review(levels_[0], as_map(target.pooled), {}, as_map(source.pooled));
    for (std::size_t level = 1; level < levels_.size(); ++level) {
      const auto k = pairs_.places[pairs_.places.size() - level];
      const auto [next, term] =
          review(levels_[level], preact_ ? target.before_activation(k) : target.features[k], fused,
                 source.before_activation(k));
      fused = next;
      sum = sum + term;
    }
    const auto ramp = step.ramp(warmup_);
    return {{"task", ce_ * step.task_loss()}, {"review", review_ * ramp * sum}};
  }

 private:
  /// The fused map at the source's size, and its distance to the source's map.
  std::pair<Tensor, Tensor> review(Fusion& level, const Tensor& own, const Tensor& deeper,
                                   const Tensor& source) const {
    auto x = level.narrow(own);
    if (deeper.defined()) {
      const auto y = at::upsample_nearest2d(deeper, x.sizes().slice(2));
      const auto weights = level.attention(at::cat({x, y}, 1)).sigmoid();
      x = x * weights.narrow(1, 0, 1) + y * weights.narrow(1, 1, 1);
    }
    if (x.sizes().slice(2) != source.sizes().slice(2))
      x = at::upsample_nearest2d(x, source.sizes().slice(2));
    return {x, hierarchical(level.widen(x), source)};
  }

  /// Mean squared error at full size and averaged to 4, 2 and 1, where that is smaller.
  static Tensor hierarchical(const Tensor& a, const Tensor& b) {
    auto loss = ktb::mean_square(a, b);
    double weight = 1, all = 1;
    for (const std::int64_t size : {4, 2, 1}) {
      if (size >= a.size(2)) continue;
      weight /= 2;
      all += weight;
      loss = loss + weight * ktb::mean_square(at::adaptive_avg_pool2d(a, {size, size}),
                                              at::adaptive_avg_pool2d(b, {size, size}));
    }
    return loss / all;
  }

  double ce_, review_, warmup_;
  std::int64_t most_;
  bool preact_;
  ktb::MapPairs pairs_;
  std::vector<Fusion> levels_;  ///< deepest first: the pooled feature
};

}  // namespace

KTB_METHOD(ReviewKd, "fuses deep levels into shallow ones and compares them at several sizes",
           "Chen et al., CVPR 2021, arXiv 2104.09044")
