// Past self: each example is pulled towards what the target said when it last saw that example. A
// bank holds one distribution for every training example.
// After Kim et al.: Self-Knowledge Distillation with Progressive Refinement of Targets, ICCV 2021.
#include <ATen/ops/full.h>

#include "ktb/plugin.hpp"

namespace {

using ktb::Tensor;

class PastSelf final : public ktb::Method {
 public:
  explicit PastSelf(ktb::Options& options)
      : weight_(
            options.get("weight", 0.8, "share of the past at the end", {.least = 0, .most = 1})),
        ramp_(options.get("ramp", 10.0, "epochs until that share is reached", {.least = 0})) {}

  ktb::MethodNeeds needs() const override { return ktb::no_source(); }
  ktb::Reason unsuited(const ktb::Pairing& pairing) const override {
    if (pairing.task.kind != "classification") return "only classification has a row an example";
    if (pairing.task.train_size < 1) return pairing.task.name + " has no end, so no bank of it";
    return {};
  }

  // A buffer of final shape: a checkpoint has it, and nobody counts it as something that learns.
  void attach() override {
    const auto& task = t().pairing.task;
    bank_ = register_buffer(
        "bank", at::full({task.train_size, task.outputs}, 1.0 / static_cast<double>(task.outputs)));
  }

  ktb::Terms losses(ktb::Step& step) override {
    const auto logs = step.lane().logits(step.target().pred).log_softmax(1);
    const auto past = bank_.index_select(0, step.lane().batch.index);
    const auto share = weight_ * step.ramp(ramp_);
    now_ = logs.detach().exp();
    return {{"task", (1 - share) * step.task_loss()},
            {"past", -share * (past * logs).sum(1).mean()}};
  }

  void after(ktb::Step& step) override {
    const at::NoGradGuard no_grad;
    bank_.index_copy_(0, step.lane().batch.index, now_);
    now_ = Tensor();
  }

 private:
  double weight_, ramp_;
  Tensor bank_;  ///< [N, C] probabilities
  Tensor now_;   ///< [B, C], of this step
};

}  // namespace

KTB_METHOD(PastSelf, "learns from what it said an epoch ago", "Kim et al., ICCV 2021")
