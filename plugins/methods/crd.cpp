// Contrastive representation distillation: an example's embedding by the target picks the same
// example's embedding by the source among many others, and the other way round. Both networks keep
// a bank of one embedding for each training example. Tian et al., ICLR 2020, arXiv 1910.10699.
#include <ATen/ops/cat.h>

#include <cmath>
#include <string>

#include "ktb/plugin.hpp"
#include "ktb/random.hpp"
#include "ktb/transfer/layers.hpp"
#include "ktb/transfer/maps.hpp"

namespace {

using ktb::Tensor;

class Crd final : public ktb::Method {
 public:
  explicit Crd(ktb::Options& o)
      : ce_(o.get("ce_weight", 1.0, "weight of the target's own task")),
        crd_(o.get("crd_weight", 0.8, "weight of both contrasts together")),
        width_(o.get("feat_dim", 128, "width of both embeddings", {.least = 1})),
        negatives_(
            o.get("K", 16384, "negatives of each example, from other classes", {.least = 1})),
        temperature_(o.get("temperature", 0.07, "of the scores", {.least = 1e-3})),
        momentum_(
            o.get("momentum", 0.5, "share of the old value in the banks", {.least = 0, .most = 1})),
        eps_(o.get("eps", 1e-7, "keeps the ratios finite", {.least = 0})) {}

  ktb::SourceUse use(std::size_t) const override { return {.features = false, .head = false}; }
  ktb::Reason unsuited(const ktb::Pairing& p) const override {
    if (p.task.train_size < 1)
      return p.task.name + " has no finite training split to keep banks of";
    return p.unreadable();
  }

  void attach() override {
    embed_target_ = embedding("embed_target", t().pairing.target->model);
    embed_source_ = embedding("embed_source", t().pairing.sources.at(0).model);
    bank_target_ = bank("memory_target");
    bank_source_ = bank("memory_source");
    z_ = register_buffer("Z", torch::full({2}, -1.0F));
  }

  ktb::Terms losses(ktb::Step& step) override {
    target_ = embed_target_(step.target().pooled);
    source_ = embed_source_(step.source().pooled);
    const auto index = step.lane().batch.index;
    const auto rows = step.draw("contrast_index", [&] { return contrast(step, index); });
    const auto crd = contrast_loss(target_, bank_source_, rows, 0) +
                     contrast_loss(source_, bank_target_, rows, 1);
    return {{"task", ce_ * step.task_loss()}, {"crd", crd_ * crd}};
  }

  void after(ktb::Step& step) override {
    renew(bank_target_, step.lane().batch.index, target_);
    renew(bank_source_, step.lane().batch.index, source_);
    target_ = source_ = Tensor();
  }

 private:
  ktb::Embedding embedding(const char* name, const ktb::ModelCard& model) {
    return register_module(name, ktb::Embedding(model.pooled, width_, /*unit_length=*/true));
  }
  Tensor bank(const char* name) {
    const double edge = 1 / std::sqrt(static_cast<double>(width_) / 3);
    return register_buffer(name, torch::empty({size(), width_}).uniform_(-edge, edge));
  }
  std::int64_t size() const { return t().pairing.task.train_size; }

  /// [B, K + 1]: the example itself, then others; where labels are known, of other classes.
  Tensor contrast(ktb::Step& step, const Tensor& index) const {
    const auto draw = [&](int tries) {
      return ktb::random_integers(step.seed("negatives" + std::to_string(tries)), size(),
                                  {index.size(0), negatives_});
    };
    auto others = draw(0);
    if (t().labels.defined()) {
      const auto labels = t().labels.to(index.device());
      const auto own = labels.index_select(0, index).unsqueeze(1);
      for (int tries = 1; tries <= kTries; ++tries)
        others = at::where(labels.index({others}) == own, draw(tries), others);
    }
    return at::cat({index.unsqueeze(1), others}, 1);
  }

  /// Noise-contrastive estimation of an anchor [B, d] against rows of the other side's bank. Z
  /// makes scores into probabilities; it is set once, by the first batch.
  Tensor contrast_loss(const Tensor& anchor, const Tensor& bank, const Tensor& rows, int side) {
    const auto others = bank.index_select(0, rows.flatten()).view({rows.size(0), rows.size(1), -1});
    auto scores = (others.bmm(anchor.unsqueeze(2)).squeeze(2) / temperature_).exp();
    {
      const at::NoGradGuard no_grad;
      const auto z = z_.select(0, side);
      const auto first = scores.mean() * static_cast<double>(size());
      z.copy_(at::where(z < 0, first, z));
    }
    scores = scores / z_.select(0, side).clone();
    const double noise = static_cast<double>(rows.size(1) - 1) / static_cast<double>(size());
    const auto right = scores.select(1, 0), wrong = scores.slice(1, 1);
    const auto logs =
        (right / (right + noise + eps_)).log().sum() + (noise / (wrong + noise + eps_)).log().sum();
    return -logs / static_cast<double>(rows.size(0));
  }

  void renew(const Tensor& bank, const Tensor& index, const Tensor& embedding) const {
    const at::NoGradGuard no_grad;
    const auto mixed = momentum_ * bank.index_select(0, index) + (1 - momentum_) * embedding;
    Tensor(bank).index_copy_(0, index, ktb::unit(mixed, 1, 0));
  }

  static constexpr int kTries = 8;  // of 10 classes, one negative in 10^9 is then of the own one
  double ce_, crd_;
  std::int64_t width_, negatives_;
  double temperature_, momentum_, eps_;
  ktb::Embedding embed_target_{nullptr}, embed_source_{nullptr};
  Tensor bank_target_, bank_source_, z_;
  Tensor target_, source_;  ///< embeddings of this step
};

}  // namespace

KTB_METHOD(Crd, "picks each example's source embedding among many others, and back",
           "Tian et al., ICLR 2020, arXiv 1910.10699")
