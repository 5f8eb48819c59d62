// Teacher-free distillation by regularisation: a virtual source that is right with a given
// probability. As coded by the authors, the probabilities, not logits, are divided by the
// temperature and pass a softmax, and the divergence is averaged over examples and classes. Yuan et
// al., CVPR 2020, arXiv 1909.11723.
#include <ATen/ops/kl_div.h>

#include "ktb/plugin.hpp"

namespace {

class TfkdReg final : public ktb::Method {
 public:
  explicit TfkdReg(ktb::Options& o)
      : alpha_(o.get("alpha", 0.95, "share of the virtual source; ResNet-18: 0.1",
                     {.least = 0, .most = 1})),
        temperature_(o.get("temperature", 40.0, "softens the virtual source; ResNet-18: 20",
                           {.least = 1e-3})),
        multiplier_(o.get("multiplier", 1.0, "factor on its share; ResNet-18: 100")),
        correct_(o.get("correct_prob", 0.99, "its probability of the true class",
                       {.least = 0, .most = 1})) {}

  ktb::MethodNeeds needs() const override { return ktb::no_source(); }
  ktb::Reason unsuited(const ktb::Pairing& p) const override { return p.no_classes(); }

  ktb::Terms losses(ktb::Step& step) override {
    const auto& lane = step.lane();
    const auto logits = lane.logits(step.target().pred);
    const auto taught = ktb::smoothed(lane.labels(), logits, 1 - correct_);
    const auto divergence =
        at::kl_div(logits.log_softmax(1), (taught / temperature_).softmax(1), at::Reduction::Mean);
    return {{"task", (1 - alpha_) * step.task_loss()}, {"reg", alpha_ * multiplier_ * divergence}};
  }

 private:
  double alpha_, temperature_, multiplier_, correct_;
};

}  // namespace

KTB_METHOD(TfkdReg, "learns from a virtual source that is almost always right",
           "Yuan et al., CVPR 2020, arXiv 1909.11723")
