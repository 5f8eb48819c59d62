// Activation boundaries: for some epochs the target only learns which neurons of the source are
// active, with a margin, from maps before their activation; then it trains on its task. Heo et al.,
// AAAI 2019, arXiv 1811.03233; HobbitLong/RepDistiller.
#include <map>

#include "ktb/nn/blocks.hpp"
#include "ktb/plugin.hpp"
#include "ktb/transfer/layers.hpp"
#include "ktb/transfer/maps.hpp"

namespace {

using ktb::Tensor;

class Ab final : public ktb::Method {
 public:
  explicit Ab(ktb::Options& o)
      : ab_(o.get("ab_weight", 1.0, "weight of the boundaries in their stage")),
        margin_(o.get("margin", 1.0, "distance that an activation keeps from 0", {.least = 0})),
        epochs_(o.get("init_epochs", 30.0, "epochs of the stage that learns boundaries",
                      {.least = 0})) {}

  ktb::SourceUse use(std::size_t) const override { return {.head = false}; }
  ktb::Reason unsuited(const ktb::Pairing& p) const override { return ktb::unlike_maps(p); }

  void attach() override {
    pairs_ = ktb::MapPairs(t().pairing);
    for (std::size_t i = 0; i < pairs_.places.size(); ++i)
      if (pairs_.target[i] != pairs_.source[i])
        connectors_.emplace(
            i, ktb::add_layer(*this, "connector." + std::to_string(pairs_.places[i]),
                              ktb::ConvRegressor(pairs_.target[i], pairs_.source[i], false)));
    stage_steps_ = t().budget.steps(epochs_);
  }

  ktb::Terms losses(ktb::Step& step) override {
    if (step.index >= stage_steps_) return {{"task", step.task_loss()}};
    Tensor sum;
    double weight = 1;
    for (std::size_t i = pairs_.places.size(); i-- > 0; weight /= 2) {
      const auto k = pairs_.places[i];
      const auto own = step.target().before_activation(k);
      const auto term = weight * level(i, own, step.source().before_activation(k));
      note("term.ab." + std::to_string(k), term);
      sum = sum.defined() ? sum + term : term;
    }
    return {{"ab", ab_ * sum}};
  }
  std::optional<std::int64_t> graph_key(std::int64_t step) const override {
    return step >= stage_steps_;
  }

 private:
  /// Squared distance of the neurons on the wrong side, or too near, of their boundary.
  Tensor level(std::size_t i, const Tensor& map, const Tensor& source) {
    const auto connector = connectors_.find(i);
    const auto own = connector == connectors_.end() ? map : connector->second(map);
    const auto [a, b] = ktb::equal_size(own, source);
    const auto silent = (a + margin_).square() * a.gt(-margin_).logical_and(b.le(0));
    const auto active = (a - margin_).square() * a.le(margin_).logical_and(b.gt(0));
    return (silent + active).sum() * (3.0 / 1000 / static_cast<double>(a.size(0)));
  }

  double ab_, margin_, epochs_;
  std::int64_t stage_steps_ = 0;
  ktb::MapPairs pairs_;
  std::map<std::size_t, ktb::ConvRegressor> connectors_;
};

}  // namespace

KTB_METHOD(Ab, "learns which neurons of the source are active, then its task",
           "Heo et al., AAAI 2019, arXiv 1811.03233")
