// Policy distillation: the target takes over what a source that has learned to act would do, in the
// states that the target itself comes to. Rusu et al., arXiv 1511.06295; with `task_weight` its own
// rewards count as well, as in kickstarting, arXiv 1803.03835.
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/mse_loss.h>

#include "ktb/plugin.hpp"

namespace {

class PolicyDistill final : public ktb::Method {
 public:
  explicit PolicyDistill(ktb::Options& o)
      : loss_(o.get("loss", "kl",
                    "kl: divergence from the source's softened preferences; nll: cross-entropy "
                    "with its best action; mse: its values",
                    {"kl", "nll", "mse"})),
        temperature_(o.get("temperature", 0.01, "kl: divides the source's values, not the target's",
                           {.least = 1e-6})),
        weight_(o.get("weight", 1.0, "of the imitation")),
        task_weight_(o.get("task_weight", 0.0, "of the target's own task")) {}

  ktb::SourceUse use(std::size_t) const override { return {.features = false}; }

  ktb::Reason unsuited(const ktb::Pairing& p) const override {
    if (p.task.kind != "control" && p.task.kind != "actor_critic")
      return p.task.kind + " is not a task of acting";
    if (p.sources[0].task.kind != p.task.kind) return "the source has not learned to act likewise";
    if (auto reason = p.unreadable(); !reason.empty()) return reason;
    return p.same_labels(0) ? "" : "the source's actions mean something else";
  }

  ktb::Terms losses(ktb::Step& step) override {
    const auto& lane = step.lane();
    const auto target = lane.logits(step.target().pred), source = lane.logits(step.source().pred);
    return {{"task", task_weight_ * step.task_loss()},
            {"policy", weight_ * imitation(target, source)}};
  }

 private:
  ktb::Tensor imitation(const ktb::Tensor& target, const ktb::Tensor& source) const {
    if (loss_ == "nll") return at::cross_entropy_loss(target, source.argmax(1));
    if (loss_ == "mse") return at::mse_loss(target, source);
    return ktb::kl_divergence(target, source / temperature_);
  }

  std::string loss_;
  double temperature_, weight_, task_weight_;
};

}  // namespace

KTB_METHOD(PolicyDistill, "acts as a source would that has learned to act",
           "Rusu et al., ICLR 2016, arXiv 1511.06295")
