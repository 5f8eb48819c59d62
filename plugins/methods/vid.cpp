// Variational information distillation: a regressor predicts the source's maps from the target's,
// with a learned variance for each channel. Ahn et al., CVPR 2019, arXiv 1904.05835.
#include <torch/nn/modules/conv.h>

#include <cmath>

#include "ktb/nn/blocks.hpp"
#include "ktb/plugin.hpp"
#include "ktb/transfer/maps.hpp"

namespace {

using ktb::Tensor;

class Vid final : public ktb::Method {
 public:
  explicit Vid(ktb::Options& o)
      : ce_(o.get("ce_weight", 1.0, "weight of the target's own task")),
        vid_(o.get("vid_weight", 1.0, "weight of the negative log-likelihood")),
        variance_(o.get("init_pred_var", 5.0, "variance at the start", {.least = 1e-3})),
        eps_(o.get("eps", 1e-5, "least variance", {.least = 0})),
        train_scale_(o.get("train_scale", true,
                           "variances learn, as in RepDistiller; mdistiller leaves them out of "
                           "its optimiser")) {}

  ktb::SourceUse use(std::size_t) const override { return {.head = false}; }
  ktb::Reason unsuited(const ktb::Pairing& p) const override { return ktb::unlike_maps(p); }

  void attach() override {
    pairs_ = ktb::MapPairs(t().pairing);
    // The inverse of the softplus that losses() takes.
    const double start = std::log(std::expm1(variance_ - eps_));
    for (std::size_t i = 0; i < pairs_.places.size(); ++i) {
      const auto at = "vid." + std::to_string(pairs_.places[i]) + ".";
      const auto in = pairs_.target[i][0], out = pairs_.source[i][0];
      const auto layer = [&](const char* name, std::int64_t from) {
        return ktb::add_layer(
            *this, at + "regressor." + name,
            torch::nn::Conv2d(torch::nn::Conv2dOptions(from, out, 1).bias(false)));
      };
      levels_.push_back({{layer("conv1", in), layer("conv2", out), layer("conv3", out)},
                         ktb::submodule(*this, "vid." + std::to_string(pairs_.places[i]))
                             .register_parameter("log_scale", torch::full({out}, start))});
    }
  }

  std::vector<ktb::Group> groups() override {
    if (train_scale_) return {};
    ktb::Group fixed;
    fixed.name = "log_scale";
    fixed.lr_scale = 0;
    fixed.weight_decay = 0;
    for (const auto& level : levels_) fixed.parameters.push_back(level.log_scale);
    return {fixed};
  }

  ktb::Terms losses(ktb::Step& step) override {
    const auto &target = step.target(), &source = step.source();
    const auto sum = ktb::sum_stages(pairs_, target, source,
                                     [&](std::size_t i, const Tensor& own, const Tensor& other) {
                                       return unlikely(levels_[i], own, other);
                                     });
    return {{"task", ce_ * step.task_loss()}, {"vid", vid_ * sum}};
  }

 private:
  struct Level {
    torch::nn::Conv2d convs[3];
    Tensor log_scale;  ///< [c]
  };

  Tensor unlikely(Level& level, const Tensor& target, const Tensor& source) const {
    auto mean = level.convs[0](target).relu_();
    mean = level.convs[2](level.convs[1](mean).relu_());
    const auto variance = (level.log_scale.exp().log1p() + eps_).view({1, -1, 1, 1});
    const auto errors = (mean - source).square() / variance;
    return 0.5 * (ktb::mean_of(errors) + variance.log().mean());
  }

  double ce_, vid_, variance_, eps_;
  bool train_scale_;
  ktb::MapPairs pairs_;
  std::vector<Level> levels_;
};

}  // namespace

KTB_METHOD(Vid, "predicts the source's maps, with a learned variance for each channel",
           "Ahn et al., CVPR 2019, arXiv 1904.05835")
