// Correlation congruence as RepDistiller has it: both pooled features are embedded, and the error
// of neighbours in the batch is correlated. Peng et al., ICCV 2019, arXiv 1904.01802.
#include <algorithm>

#include "ktb/plugin.hpp"
#include "ktb/transfer/layers.hpp"

namespace {

class Cc final : public ktb::Method {
 public:
  explicit Cc(ktb::Options& o)
      : ce_(o.get("ce_weight", 1.0, "weight of the target's own task")),
        cc_(o.get("cc_weight", 0.02, "weight of the correlation")),
        width_(o.get("embed_dim", 128, "width of both embeddings", {.least = 1})) {}

  ktb::SourceUse use(std::size_t) const override { return {.features = false, .head = false}; }
  ktb::Reason unsuited(const ktb::Pairing& p) const override { return p.unreadable(); }

  void attach() override {
    const auto embed = [&](const char* name, const ktb::ModelCard& model) {
      return register_module(name, ktb::Embedding(model.pooled, width_, /*unit_length=*/false));
    };
    target_ = embed("embed_target", t().pairing.target->model);
    source_ = embed("embed_source", t().pairing.sources.at(0).model);
  }

  ktb::Terms losses(ktb::Step& step) override {
    const auto error = (target_(step.target().pooled) - source_(step.source().pooled)).abs();
    const auto n = error.size(0);
    const auto neighbours = (error.narrow(0, 0, n - 1) * error.narrow(0, 1, n - 1)).sum();
    const auto pairs = static_cast<double>(std::max<std::int64_t>(n - 1, 1));
    return {{"task", ce_ * step.task_loss()}, {"cc", cc_ / pairs * neighbours}};
  }

 private:
  double ce_, cc_;
  std::int64_t width_;
  ktb::Embedding target_{nullptr}, source_{nullptr};
};

}  // namespace

KTB_METHOD(Cc, "correlates the errors of embeddings between neighbours of a batch",
           "Peng et al., ICCV 2019, arXiv 1904.01802")
