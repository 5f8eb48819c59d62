// Factor transfer: a paraphraser first learns to code the source's last map; then a translator of
// the target's map learns to give the same factors. Kim et al., NeurIPS 2018, arXiv 1802.04977;
// HobbitLong/RepDistiller, whose paraphraser has no normalisation.
#include <ATen/ops/l1_loss.h>
#include <ATen/ops/leaky_relu.h>
#include <torch/nn/modules/conv.h>

#include <cmath>

#include "ktb/nn/blocks.hpp"
#include "ktb/plugin.hpp"
#include "ktb/transfer/maps.hpp"

namespace {

using ktb::Tensor;

class Ft final : public ktb::Method {
 public:
  explicit Ft(ktb::Options& o)
      : ce_(o.get("ce_weight", 1.0, "weight of the target's own task")),
        ft_(o.get("ft_weight", 200.0, "weight of the factors' distance")),
        k_(o.get("k", 0.5, "channels of the factors over those of the source's map",
                 {.least = 1e-3})),
        slope_(o.get("leaky_slope", 0.1, "of the leaky ReLUs")),
        p1_(o.get("p1", 2, "power of the factors before their mean over channels", {.least = 1})),
        p2_(o.get("p2", 1, "power of the difference", {.least = 1})),
        epochs_(
            o.get("init_epochs", 30.0, "epochs that train the paraphraser alone", {.least = 0})) {}

  ktb::SourceUse use(std::size_t) const override { return {.head = false}; }
  ktb::Reason unsuited(const ktb::Pairing& p) const override { return ktb::unlike_last_maps(p); }

  void attach() override {
    const auto in = t().pairing.target->model.features.back()[0];
    const auto out = t().pairing.sources.at(0).model.features.back()[0];
    const auto factors = std::max<std::int64_t>(1, static_cast<std::int64_t>(out * k_));
    const std::int64_t encode[] = {out, out, factors, factors}, own[] = {in, in, factors, factors};
    const std::int64_t decode[] = {factors, factors, out, out};
    for (int i = 0; i < 3; ++i) {
      const auto number = std::to_string(i + 1);
      paraphraser_.push_back(conv("paraphraser.conv" + number, encode[i], encode[i + 1]));
      decoder_.push_back(conv("paraphraser.deconv" + number, decode[i], decode[i + 1]));
      translator_.emplace_back(
          *this, "translator.conv" + number, "translator.bn" + number,
          ktb::ConvShape{.in = own[i], .out = own[i + 1], .kernel = 3, .bias = true});
    }
    stage_steps_ = t().budget.steps(epochs_);
  }

  ktb::Terms losses(ktb::Step& step) override {
    const auto wanted = step.source().features.back();
    if (step.index < stage_steps_)
      return {{"paraphrase",
               ktb::mean_square(through(decoder_, through(paraphraser_, wanted)), wanted)}};
    const auto coded = [&] {
      const at::NoGradGuard no_grad;
      return through(paraphraser_, wanted);
    }();
    auto own = step.target().features.back();
    for (const auto& layer : translator_) own = at::leaky_relu(layer(own), slope_);
    const auto [a, b] = ktb::equal_size(own, coded);
    const auto x = factor(a), y = factor(b);
    const auto distance = p2_ == 1 ? at::l1_loss(x, y) : (x - y).pow(p2_).mean();
    return {{"task", ce_ * step.task_loss()}, {"ft", ft_ * distance}};
  }
  std::optional<std::int64_t> graph_key(std::int64_t step) const override {
    return step >= stage_steps_;
  }

 private:
  torch::nn::Conv2d conv(const std::string& at, std::int64_t in, std::int64_t out) {
    return ktb::add_layer(*this, at,
                          torch::nn::Conv2d(torch::nn::Conv2dOptions(in, out, 3).padding(1)));
  }
  Tensor through(std::vector<torch::nn::Conv2d>& convs, Tensor x) const {
    for (auto& conv : convs) x = at::leaky_relu(conv(x), slope_);
    return x;
  }
  Tensor factor(const Tensor& map) const {
    return ktb::unit(ktb::channel_mean(map.pow(p1_)).flatten(1));
  }

  double ce_, ft_, k_, slope_;
  std::int64_t p1_, p2_;
  double epochs_;
  std::int64_t stage_steps_ = 0;
  std::vector<torch::nn::Conv2d> paraphraser_, decoder_;
  std::vector<ktb::ConvNorm> translator_;
};

}  // namespace

KTB_METHOD(Ft, "translates the target's map into factors of the source's",
           "Kim et al., NeurIPS 2018, arXiv 1802.04977")
