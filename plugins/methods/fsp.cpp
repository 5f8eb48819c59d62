// Flow of solution procedure: for some epochs the target only learns how the source's channels of
// one stage go with those of the next; then it trains on its task.
// Yim et al., CVPR 2017; HobbitLong/RepDistiller.
#include <ATen/ops/mse_loss.h>

#include "ktb/plugin.hpp"
#include "ktb/transfer/maps.hpp"

namespace {

using ktb::Tensor;

class Fsp final : public ktb::Method {
 public:
  explicit Fsp(ktb::Options& o)
      : fsp_(o.get("fsp_weight", 1.0, "weight of the flow in its stage; RepDistiller: 50")),
        epochs_(
            o.get("init_epochs", 30.0, "epochs of the stage that learns the flow", {.least = 0})) {}

  ktb::SourceUse use(std::size_t) const override { return {.head = false}; }
  ktb::Reason unsuited(const ktb::Pairing& p) const override {
    if (auto reason = ktb::unlike_maps(p); !reason.empty()) return reason;
    const auto &own = p.target->model, &other = p.sources.at(0).model;
    for (std::size_t k = 0; k < std::min(own.features.size(), other.features.size()); ++k)
      if (own.features[k].at(0) != other.features[k].at(0))
        return "channels of feature " + std::to_string(k) +
               " differ: " + std::to_string(own.features[k][0]) + " in " + own.name + ", " +
               std::to_string(other.features[k][0]) + " in " + other.name;
    return {};
  }

  void attach() override { stage_steps_ = t().budget.steps(epochs_); }

  ktb::Terms losses(ktb::Step& step) override {
    if (step.index >= stage_steps_) return {{"task", step.task_loss()}};
    const auto &own = step.target().features, &other = step.source().features;
    Tensor sum;
    for (std::size_t k = 0; k + 1 < std::min(own.size(), other.size()); ++k) {
      const auto term = at::mse_loss(flow(own[k], own[k + 1]), flow(other[k], other[k + 1]));
      note("term.fsp." + std::to_string(k), term);
      sum = k == 0 ? term : sum + term;
    }
    return {{"fsp", fsp_ * sum}};
  }
  std::optional<std::int64_t> graph_key(std::int64_t step) const override {
    return step >= stage_steps_;
  }

 private:
  /// [B, c, c']: products of channels of both maps, mean over positions.
  static Tensor flow(const Tensor& bottom, const Tensor& top) {
    const auto [a, b] = ktb::equal_size(bottom, top);
    const auto x = a.flatten(2), y = b.flatten(2);
    return x.bmm(y.transpose(1, 2)) / static_cast<double>(x.size(2));
  }

  double fsp_, epochs_;
  std::int64_t stage_steps_ = 0;
};

}  // namespace

KTB_METHOD(Fsp, "learns how channels of one stage go with the next, then its task",
           "Yim et al., CVPR 2017")
