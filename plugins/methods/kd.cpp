// Knowledge distillation: the target matches the source's softened class distribution.
// Hinton, Vinyals, Dean: Distilling the Knowledge in a Neural Network, arXiv 1503.02531.
#include "ktb/plugin.hpp"

namespace {

class Kd final : public ktb::Method {
 public:
  explicit Kd(ktb::Options& o)
      : temperature_(o.get("temperature", 4.0, "softens both distributions", {.least = 1e-3})),
        ce_(o.get("ce_weight", 0.1, "weight of the target's own task")),
        kd_(o.get("kd_weight", 0.9, "weight of T^2 KL(source || target)")),
        alpha_(o.get("alpha", -1.0,
                     "from 0 on: (1 - alpha) task + alpha soft cross-entropy, as in "
                     "cls_KD, instead of both weights",
                     {.least = -1, .most = 1})) {}

  ktb::SourceUse use(std::size_t) const override { return {.features = false}; }
  ktb::Reason unsuited(const ktb::Pairing& p) const override { return p.unlike_outputs(); }

  ktb::Terms losses(ktb::Step& step) override {
    const auto& lane = step.lane();
    const auto target = lane.logits(step.target().pred), source = lane.logits(step.source().pred);
    if (alpha_ < 0)
      return {{"task", ce_ * step.task_loss()},
              {"kd", kd_ * ktb::kl_divergence(target, source, temperature_)}};
    return {{"task", (1 - alpha_) * step.task_loss()},
            {"kd", alpha_ * ktb::soft_cross_entropy(target, source, temperature_)}};
  }

 private:
  double temperature_, ce_, kd_, alpha_;
};

}  // namespace

KTB_METHOD(Kd, "matches the source's softened class distribution",
           "Hinton et al., 2015, arXiv 1503.02531")
