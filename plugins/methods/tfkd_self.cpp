// Teacher-free distillation by self-training: the source is a trained copy of the target's own
// architecture. The divergence is averaged over examples and classes, so it weighs C times less
// than in KD. Yuan et al., CVPR 2020, arXiv 1909.11723.
#include "ktb/plugin.hpp"

namespace {

class TfkdSelf final : public ktb::Method {
 public:
  explicit TfkdSelf(ktb::Options& o)
      : alpha_(o.get("alpha", 0.95, "share of the source; the task has the rest",
                     {.least = 0, .most = 1})),
        temperature_(o.get("temperature", 20.0, "softens both; ResNets in the original: 6",
                           {.least = 1e-3})),
        multiplier_(o.get("multiplier", 1.0, "factor on the source's share; ResNet-18: 50")) {}

  ktb::SourceUse use(std::size_t) const override { return {.features = false}; }
  ktb::Reason unsuited(const ktb::Pairing& p) const override {
    if (auto reason = p.unlike_outputs(); !reason.empty()) return reason;
    return p.unlike_trunks().empty()
               ? ""
               : "the source must have the target's own architecture, which " +
                     p.sources.at(0).model.name + " has not";
  }

  ktb::Terms losses(ktb::Step& step) override {
    const auto& lane = step.lane();
    const auto target = lane.logits(step.target().pred);
    const auto divergence =
        ktb::kl_divergence(target, lane.logits(step.source().pred), temperature_);
    const double scale = alpha_ * multiplier_ / static_cast<double>(target.size(1));
    return {{"task", (1 - alpha_) * step.task_loss()}, {"kd", scale * divergence}};
  }

 private:
  double alpha_, temperature_, multiplier_;
};

}  // namespace

KTB_METHOD(TfkdSelf, "learns from a trained copy of its own architecture",
           "Yuan et al., CVPR 2020, arXiv 1909.11723")
