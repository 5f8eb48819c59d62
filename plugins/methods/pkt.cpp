// Probabilistic knowledge transfer: for each example a distribution over which others of the batch
// are near, by cosine similarity, becomes the source's.
// Passalis and Tefas, ECCV 2018, arXiv 1803.10837.
#include "ktb/plugin.hpp"

namespace {

using ktb::Tensor;

class Pkt final : public ktb::Method {
 public:
  explicit Pkt(ktb::Options& o)
      : ce_(o.get("ce_weight", 1.0, "weight of the target's own task")),
        pkt_(o.get("pkt_weight", 30000.0, "weight of the divergence, averaged over B^2 entries")),
        eps_(o.get("eps", 1e-7, "keeps norms and logarithms finite", {.least = 1e-30})) {}

  ktb::SourceUse use(std::size_t) const override { return {.features = false, .head = false}; }
  ktb::Reason unsuited(const ktb::Pairing& p) const override { return p.unreadable(); }

  ktb::Terms losses(ktb::Step& step) override {
    const auto target = near(step.target().pooled), source = near(step.source().pooled);
    const auto divergence = (source * ((source + eps_) / (target + eps_)).log()).mean();
    return {{"task", ce_ * step.task_loss()}, {"pkt", pkt_ * divergence}};
  }

 private:
  /// [B, B]: rows sum to 1.
  Tensor near(const Tensor& pooled) const {
    const auto rows = pooled / (pooled.square().sum(1, true).sqrt() + eps_);
    const auto similarity = (rows.matmul(rows.t()) + 1) / 2;
    return similarity / similarity.sum(1, true);
  }

  double ce_, pkt_, eps_;
};

}  // namespace

KTB_METHOD(Pkt, "matches distributions over near examples of a batch",
           "Passalis and Tefas, ECCV 2018, arXiv 1803.10837")
