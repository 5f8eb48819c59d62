// Distillation from a hub: the target's pooled feature, projected, matches that of every source.
// The baseline of You et al.: Ranking and Tuning Pre-trained Models, JMLR 2022, arXiv 2110.10545.
#include <ATen/ops/mse_loss.h>
#include <torch/nn/modules/container/modulelist.h>
#include <torch/nn/modules/linear.h>

#include "ktb/plugin.hpp"

namespace {

class HubDistill final : public ktb::Method {
 public:
  explicit HubDistill(ktb::Options& o)
      : weight_(
            o.get("weight", 0.03,
                  "weight of the mean over sources; the code's script 0.03, its default 0.001")) {}

  ktb::MethodNeeds needs() const override { return {.most = 0}; }
  ktb::SourceUse use(std::size_t) const override { return {.features = false}; }
  ktb::Reason unsuited(const ktb::Pairing& p) const override { return p.unreadable(); }

  void attach() override {
    const auto& p = t().pairing;
    for (const auto& source : p.sources)
      projectors_->push_back(torch::nn::Linear(p.target->model.pooled, source.model.pooled));
    register_module("projector", projectors_);
  }

  ktb::Terms losses(ktb::Step& step) override {
    auto sum = at::zeros({}, step.target().pooled.options());
    for (std::size_t i = 0; i < projectors_->size(); ++i) {
      const auto projected = projectors_[i]->as<torch::nn::Linear>()->forward(step.target().pooled);
      sum = sum + at::mse_loss(projected, step.source(i).pooled);
    }
    return {{"task", step.task_loss()},
            {"alignment", weight_ / static_cast<double>(projectors_->size()) * sum}};
  }

 private:
  double weight_;
  torch::nn::ModuleList projectors_;
};

}  // namespace

KTB_METHOD(HubDistill, "the pooled feature, projected, matches that of every source of a hub",
           "You et al., JMLR 2022, arXiv 2110.10545")
