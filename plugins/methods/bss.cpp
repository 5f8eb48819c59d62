// Batch spectral shrinkage: the smallest singular values of a batch's features are pushed to zero,
// so that what the source knew and the target cannot use is forgotten. Usual with a start from the
// source's trunk; without a source it regularises training from scratch.
// Chen et al.: Catastrophic Forgetting Meets Negative Transfer, NeurIPS 2019.
#include <ATen/ops/linalg_svdvals.h>

#include <algorithm>

#include "ktb/plugin.hpp"

namespace {

class Bss final : public ktb::Method {
 public:
  explicit Bss(ktb::Options& o)
      : weight_(o.get("bss_weight", 0.001, "weight of the sum of squares")),
        k_(o.get("k", 1, "how many of the smallest singular values", {.least = 1})),
        trunk_lr_(o.get("trunk_lr", 0.1, "factor on the learning rate of a trunk with a start",
                        {.least = 0})) {}

  ktb::MethodNeeds needs() const override {
    return {.modes = {ktb::Mode::kTrained, ktb::Mode::kNone}, .least = 0, .most = 1};
  }
  ktb::SourceUse use(std::size_t) const override {
    return {.model = false, .starts_target = true, .head = false};
  }
  ktb::Reason unsuited(const ktb::Pairing& p) const override { return p.unlike_trunks(); }

  std::vector<ktb::Group> groups() override {
    return {ktb::trunk_group(*t().target, t().sources.empty() ? 1.0 : trunk_lr_)};
  }

  ktb::Terms losses(ktb::Step& step) override {
    // Values alone: their gradient has no differences of singular values in its denominators.
    const auto values = at::linalg_svdvals(step.target().pooled);
    note("singular_values", values);
    const auto count = std::min(k_, values.size(0));
    return {{"task", step.task_loss()},
            {"bss", weight_ * values.slice(0, values.size(0) - count).square().sum()}};
  }

 private:
  double weight_;
  std::int64_t k_;
  double trunk_lr_;
};

}  // namespace

KTB_METHOD(Bss, "fine-tuning that shrinks the smallest singular values of a batch's features",
           "Chen et al., NeurIPS 2019")
