// DIST: what the source prefers, not how much: correlations of the class distributions, of each
// example over the classes and of each class over the batch. Huang et al., NeurIPS 2022,
// arXiv 2205.10536; hunto/image_classification_sota.
#include "ktb/plugin.hpp"

namespace {

using ktb::Tensor;

class Dist final : public ktb::Method {
 public:
  explicit Dist(ktb::Options& o)
      : ce_(o.get("ce_weight", 1.0, "weight of the target's own task")),
        dist_(o.get("dist_weight", 2.0, "weight of both correlations together")),
        beta_(o.get("beta", 1.0, "weight of the correlation over the classes (inter)")),
        gamma_(o.get("gamma", 1.0, "weight of the correlation over the batch (intra)")),
        temperature_(o.get("temperature", 4.0, "softens both distributions", {.least = 1e-3})),
        eps_(o.get("eps", 1e-8, "added to the product of the norms", {.least = 0})) {}

  ktb::SourceUse use(std::size_t) const override { return {.features = false}; }
  ktb::Reason unsuited(const ktb::Pairing& p) const override { return p.unlike_outputs(); }

  ktb::Terms losses(ktb::Step& step) override {
    const auto& lane = step.lane();
    const auto target = (lane.logits(step.target().pred) / temperature_).softmax(1);
    const auto source = (lane.logits(step.source().pred) / temperature_).softmax(1);
    const double scale = dist_ * temperature_ * temperature_;
    return {{"task", ce_ * step.task_loss()},
            {"inter", scale * beta_ * unlike(target, source)},
            {"intra", scale * gamma_ * unlike(target.t(), source.t())}};
  }

 private:
  /// 1 - Pearson's correlation of the rows, mean over them.
  Tensor unlike(const Tensor& a, const Tensor& b) const {
    const auto x = a - a.mean(1, true), y = b - b.mean(1, true);
    const auto norms = x.norm(2, 1) * y.norm(2, 1);
    return 1 - ((x * y).sum(1) / (norms + eps_)).mean();
  }

  double ce_, dist_, beta_, gamma_, temperature_, eps_;
};

}  // namespace

KTB_METHOD(Dist, "matches correlations of class distributions, by example and by class",
           "Huang et al., NeurIPS 2022, arXiv 2205.10536")
