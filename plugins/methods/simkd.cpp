// SimKD: the target's last map is projected to the source's, and the source's classifier predicts
// from it, at test time too. Chen et al., CVPR 2022, arXiv 2203.14001.

#include "ktb/plugin.hpp"
#include "ktb/transfer/layers.hpp"
#include "ktb/transfer/maps.hpp"

namespace {

using ktb::Tensor;

class SimKd final : public ktb::Method {
 public:
  explicit SimKd(ktb::Options& o)
      : ce_(o.get("ce_weight", 0.0, "weight of the task by the target's own head")),
        feature_(o.get("feature_weight", 1.0, "weight of the mean squared error")),
        factor_(o.get("factor", 2, "reduction of the projector's width", {.least = 1})) {}

  ktb::Reason unsuited(const ktb::Pairing& p) const override {
    if (auto reason = p.unlike_outputs(); !reason.empty()) return reason;
    return ktb::unlike_last_maps(p);
  }

  void attach() override {
    const auto last = [](const ktb::ModelCard& model) { return model.features.back().at(0); };
    const auto in = last(t().pairing.target->model), out = last(t().pairing.sources.at(0).model);
    projector_ = register_module(
        "projector", ktb::ConvBottleneck(in, std::max<std::int64_t>(out / factor_, 1), out,
                                         /*last_norm=*/true));
  }

  ktb::Terms losses(ktb::Step& step) override {
    const auto &target = step.target(), &source = step.source();
    auto [own, other] = ktb::equal_size(target.features.back(), source.features.back());
    return {{"task", ce_ * step.task_loss()},
            {"feature", feature_ * ktb::mean_square(projector_(own), other)}};
  }

  Tensor predict(const ktb::Batch& batch) override {
    const auto map = t().target->trunk(batch).features.back();
    ktb::Output projected;
    projected.features = {projector_(smaller(map))};
    projected.pooled = ktb::averaged(projected.features[0]);
    return t().sources.at(0)->head(projected);
  }
  std::vector<Tensor> deployed() const override {
    auto all = parameters();
    const auto keep = [&](const ktb::Model& model, bool head) {
      for (const auto& item : model.named_parameters())
        if (model.is_head(item.key()) == head) all.push_back(item.value());
    };
    keep(*t().target, false);
    keep(*t().sources.at(0), true);
    return all;
  }

 private:
  /// In training a larger map is pooled to the source's; so it is here.
  Tensor smaller(const Tensor& map) const {
    const auto& shape = t().pairing.sources.at(0).model.features.back();
    return ktb::equal_size(map, map.new_empty({1, 1, shape[1], shape[2]})).first;
  }

  double ce_, feature_;
  std::int64_t factor_;
  ktb::ConvBottleneck projector_{nullptr};
};

}  // namespace

KTB_METHOD(SimKd, "projects to the source's last map and predicts by the source's classifier",
           "Chen et al., CVPR 2022, arXiv 2203.14001")
