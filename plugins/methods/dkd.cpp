// Decoupled knowledge distillation: how sure the source is of the true class (TCKD) and what it
// thinks of the others (NCKD) are weighted apart. Zhao et al., CVPR 2022, arXiv 2203.08679.
#include <ATen/ops/logsumexp.h>
#include <ATen/ops/stack.h>

#include "ktb/plugin.hpp"

namespace {

using ktb::Tensor;

class Dkd final : public ktb::Method {
 public:
  explicit Dkd(ktb::Options& o)
      : temperature_(o.get("temperature", 4.0, "softens all distributions", {.least = 1e-3})),
        ce_(o.get("ce_weight", 1.0, "weight of the target's own task")),
        alpha_(o.get("alpha", 1.0, "weight of the true class against the rest (TCKD)")),
        beta_(o.get("beta", 8.0, "weight of the distribution over the other classes (NCKD)")),
        warmup_(o.get("warmup", 20.0, "epochs in which both weights grow from 0; 0: none",
                      {.least = 0})) {}

  ktb::SourceUse use(std::size_t) const override { return {.features = false}; }
  ktb::Reason unsuited(const ktb::Pairing& p) const override { return p.unlike_outputs(); }

  ktb::Terms losses(ktb::Step& step) override {
    const auto& lane = step.lane();
    const auto labels = lane.labels();
    const auto target = split(lane.logits(step.target().pred), labels);
    const auto source = split(lane.logits(step.source().pred), labels);
    const auto ramp = step.ramp(warmup_);
    return {{"task", ce_ * step.task_loss()},
            {"tckd", alpha_ * ramp * ktb::kl_divergence(target.pair, source.pair, temperature_)},
            {"nckd", beta_ * ramp * ktb::kl_divergence(target.rest, source.rest, temperature_)}};
  }

 private:
  struct Logits {
    Tensor pair;  ///< [B, 2]: of the true class and of all others taken as one, at the temperature
    Tensor rest;  ///< [B, C - 1]: of the other classes
  };

  Logits split(const Tensor& logits, const Tensor& labels) const {
    const auto rest = ktb::other_classes(logits, labels);
    const auto merged = temperature_ * (rest / temperature_).logsumexp(1);
    return {at::stack({logits.gather(1, labels.unsqueeze(1)).squeeze(1), merged}, 1), rest};
  }

  double temperature_, ce_, alpha_, beta_, warmup_;
};

}  // namespace

KTB_METHOD(Dkd, "matches true class and other classes apart",
           "Zhao et al., CVPR 2022, arXiv 2203.08679")
