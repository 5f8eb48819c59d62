// Nearest mean: predicts the class whose mean feature is nearest, with the trunk of a network that
// was trained as usual. Its head is needed in training only.
// After Mensink et al.: Distance-Based Image Classification, TPAMI 2013.
#include <ATen/ops/cdist.h>
#include <ATen/ops/zeros.h>

#include "ktb/plugin.hpp"

namespace {

using ktb::Tensor;

class NearestMean final : public ktb::Method {
 public:
  explicit NearestMean(ktb::Options& options)
      : keep_(options.get("keep", 0.9, "share of a class's old mean", {.least = 0, .most = 1})) {}

  ktb::MethodNeeds needs() const override { return ktb::no_source(); }
  ktb::Reason unsuited(const ktb::Pairing& pairing) const override {
    return pairing.task.kind == "classification" ? "" : "only classification has one class each";
  }

  void attach() override {
    const auto& pairing = t().pairing;
    means_ =
        register_buffer("means", at::zeros({pairing.task.outputs, pairing.target->model.pooled}));
  }

  ktb::Terms losses(ktb::Step& step) override {
    features_ = step.target().pooled.detach();
    return {{"task", step.task_loss()}};
  }

  void after(ktb::Step& step) override {
    const at::NoGradGuard no_grad;
    const auto labels = step.lane().labels();
    const auto rows = at::zeros({means_.size(0), labels.size(0)}, means_.options())
                          .scatter_(0, labels.unsqueeze(0), 1.0);
    const auto count = rows.sum(1, /*keepdim=*/true);
    const auto fresh = rows.matmul(features_) / count.clamp_min(1);
    means_.lerp_(fresh, (1 - keep_) * count.sign());  // a class that is not in the batch stays
    features_ = Tensor();
  }

  // Without gradient and in evaluation mode. Whatever a softmax fits is a prediction.
  Tensor predict(const ktb::Batch& batch) override {
    return -at::cdist(t().target->trunk(batch).pooled, means_).square();
  }

  // What predict() uses, and nothing else: the column `deployed` counts these.
  std::vector<Tensor> deployed() const override {
    return ktb::trunk_group(*t().target, 1).parameters;
  }

 private:
  double keep_;
  Tensor means_;     ///< [C, d]
  Tensor features_;  ///< [B, d], of this step
};

}  // namespace

KTB_METHOD(NearestMean, "predicts the class with the nearest mean feature",
           "Mensink et al., TPAMI 2013")
