// EMA teacher: the target learns from the moving average of its own weights, as in Mean Teacher.
// Tarvainen and Valpola, NeurIPS 2017, arXiv 1703.01780.
#include "ktb/plugin.hpp"

namespace {

using ktb::Tensor;

class EmaTeacher final : public ktb::Method {
 public:
  explicit EmaTeacher(ktb::Options& options)
      : weight_(options.get("weight", 1.0, "weight of the teacher's opinion", {.least = 0})),
        decay_(options.get("decay", 0.99, "share of the old average", {.least = 0, .most = 1})),
        ramp_(options.get("ramp", 1.0, "epochs until the weight is reached", {.least = 0})) {}

  ktb::MethodNeeds needs() const override { return ktb::no_source(); }
  ktb::Reason unsuited(const ktb::Pairing& pairing) const override { return pairing.no_classes(); }

  // Buffers of the method, so that a checkpoint has them. They start as the target does.
  void attach() override {
    for (const auto& weight : t().target->parameters())
      mean_.push_back(
          register_buffer("mean" + std::to_string(mean_.size()), weight.detach().clone()));
  }

  // No forward has run yet, so weights may be changed, and changed back, without autograd minding.
  void before(ktb::Step& step) override {
    const at::NoGradGuard no_grad;
    auto& model = *t().target;
    exchange();
    model.eval();
    teacher_ = step.lane().logits(model(step.lane().batch).pred);
    model.train();
    exchange();
  }

  ktb::Terms losses(ktb::Step& step) override {
    const auto target = step.lane().logits(step.target().pred);
    return {{"task", step.task_loss()},
            {"ema", weight_ * step.ramp(ramp_) * ktb::kl_divergence(target, teacher_)}};
  }

  void after(ktb::Step&) override {
    const at::NoGradGuard no_grad;
    const auto weights = t().target->parameters();
    for (std::size_t i = 0; i < mean_.size(); ++i) mean_[i].lerp_(weights[i], 1 - decay_);
    teacher_ = Tensor();
  }

 private:
  void exchange() {
    auto weights = t().target->parameters();
    for (std::size_t i = 0; i < mean_.size(); ++i) {
      const auto live = weights[i].clone();
      weights[i].copy_(mean_[i]);
      mean_[i].copy_(live);
    }
  }

  double weight_, decay_, ramp_;
  std::vector<Tensor> mean_;  ///< of each parameter of the target
  Tensor teacher_;            ///< [B, C], of this step
};

}  // namespace

KTB_METHOD(EmaTeacher, "learns from the moving average of its own weights",
           "Tarvainen and Valpola, NeurIPS 2017, arXiv 1703.01780")
