// Relational knowledge distillation: distances and angles between the examples of a batch become
// those of the source, whatever the widths. Park et al., CVPR 2019, arXiv 1904.05068.
#include <ATen/TensorOperators.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/smooth_l1_loss.h>

#include "ktb/plugin.hpp"
#include "ktb/transfer/maps.hpp"

namespace {

using ktb::Tensor;

/// [B, B] Euclidean distances between rows; 0 on the diagonal, with a gradient of 0 there.
Tensor pairwise_distance(const Tensor& rows, bool squared, double eps) {
  // Differences, not the Gram matrix: near neighbours would cancel in fp32.
  const auto square = (rows.unsqueeze(0) - rows.unsqueeze(1)).square().sum(2).clamp_min(eps);
  const auto self = at::eye(rows.size(0), rows.options().dtype(at::kBool).requires_grad(false));
  return (squared ? square : square.sqrt()).masked_fill(self, 0);
}

class Rkd final : public ktb::Method {
 public:
  explicit Rkd(ktb::Options& o)
      : ce_(o.get("ce_weight", 1.0, "weight of the target's own task")),
        rkd_(o.get("rkd_weight", 1.0, "weight of both relations together")),
        distance_(o.get("distance_weight", 25.0, "weight of the distances")),
        angle_(o.get("angle_weight", 50.0, "weight of the angles")),
        squared_(o.get("squared", false, "squared distances")),
        eps_(o.get("eps", 1e-12, "least squared distance", {.least = 0})),
        features_(o.get("features", "pooled", "what is related", {"pooled", "logits"})) {}

  ktb::SourceUse use(std::size_t) const override {
    return {.features = false, .head = features_ != "pooled"};
  }
  ktb::Reason unsuited(const ktb::Pairing& p) const override {
    if (features_ == "logits" && !p.task.categorical) return p.task.kind + " has no logits";
    return p.unreadable();
  }

  ktb::Terms losses(ktb::Step& step) override {
    const auto target = rows(step, step.target()), source = rows(step, step.source());
    return {
        {"task", ce_ * step.task_loss()},
        {"distance", rkd_ * distance_ * at::smooth_l1_loss(distances(target), distances(source))},
        {"angle", rkd_ * angle_ * at::smooth_l1_loss(angles(target), angles(source))}};
  }

 private:
  Tensor rows(ktb::Step& step, const ktb::Output& output) const {
    return features_ == "pooled" ? output.pooled : step.lane().logits(output.pred);
  }

  /// [B, B], divided by the mean of the positive ones; zero where there is one example only.
  Tensor distances(const Tensor& rows) const {
    const auto all = pairwise_distance(rows, squared_, eps_);
    return all * ((all > 0).sum() / all.sum().clamp_min(1e-12));
  }

  /// [B, B, B]: cosine of the angle at example i between j and k.
  static Tensor angles(const Tensor& rows) {
    const auto edges = ktb::unit(rows.unsqueeze(0) - rows.unsqueeze(1), 2);
    return edges.bmm(edges.transpose(1, 2));
  }

  double ce_, rkd_, distance_, angle_;
  bool squared_;
  double eps_;
  std::string features_;
};

}  // namespace

KTB_METHOD(Rkd, "matches distances and angles between examples",
           "Park et al., CVPR 2019, arXiv 1904.05068")
