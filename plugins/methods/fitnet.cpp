// FitNets: a regressor maps the target's feature map at the hint layer to the source's. Both train
// in one stage, as in the common reimplementations. Romero et al., ICLR 2015, arXiv 1412.6550.

#include "ktb/plugin.hpp"
#include "ktb/transfer/layers.hpp"
#include "ktb/transfer/maps.hpp"

namespace {

class Fitnet final : public ktb::Method {
 public:
  explicit Fitnet(ktb::Options& o)
      : ce_(o.get("ce_weight", 1.0, "weight of the target's own task")),
        hint_(o.get("hint_weight", 100.0, "weight of the mean squared error")),
        layer_(o.get("hint_layer", 2, "which feature map of both; 0 is the stem", {.least = 0})),
        source_layer_(
            o.get("source_layer", -1, "which of the source's; -1: hint_layer", {.least = -1})),
        smaller_(o.get("smaller", "pool",
                       "a target map smaller than the source's, other than by half: pool the "
                       "source's (SimKD) or refuse (mdistiller, RepDistiller)",
                       {"pool", "refuse"})) {
    if (source_layer_ < 0) source_layer_ = layer_;
  }

  ktb::SourceUse use(std::size_t) const override { return {.head = false}; }
  ktb::Reason unsuited(const ktb::Pairing& p) const override {
    if (auto reason = p.unreadable(); !reason.empty()) return reason;
    for (const auto& [model, layer] :
         {std::pair{&p.target->model, layer_}, std::pair{&p.sources.at(0).model, source_layer_}}) {
      if (auto reason = ktb::no_map(*model, layer); !reason.empty()) return reason;
    }
    const auto have = own(p)[1], want = wanted(p)[1];
    if (smaller_ == "refuse" && have < want && 2 * have != want)
      return "the target's map (" + std::to_string(have) + ") is smaller than the source's (" +
             std::to_string(want) + "), and not by half";
    return {};
  }

  void attach() override {
    regressor_ =
        register_module("regressor", ktb::ConvRegressor(own(t().pairing), wanted(t().pairing)));
  }

  ktb::Terms losses(ktb::Step& step) override {
    const auto mapped = regressor_(step.target().features.at(layer_));
    const auto wanted = ktb::pooled_like(step.source().features.at(source_layer_), mapped);
    return {{"task", ce_ * step.task_loss()}, {"hint", hint_ * ktb::mean_square(mapped, wanted)}};
  }

 private:
  using Shape = std::vector<std::int64_t>;
  const Shape& own(const ktb::Pairing& p) const { return p.target->model.features.at(layer_); }
  const Shape& wanted(const ktb::Pairing& p) const {
    return p.sources.at(0).model.features.at(source_layer_);
  }

  double ce_, hint_;
  std::int64_t layer_, source_layer_;
  std::string smaller_;
  ktb::ConvRegressor regressor_{nullptr};
};

}  // namespace

KTB_METHOD(Fitnet, "maps a feature map of the target to one of the source",
           "Romero et al., ICLR 2015, arXiv 1412.6550")
