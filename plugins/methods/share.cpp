// Parameter sharing between unlike networks, MergeNet's rival without an adapter: the source's
// weight matrix, cropped or padded with zeros to the target's shape, is copied into the target
// every f batches. The exact form of the comparison in arXiv 2404.13322 is not known;
// this one is our choice.
#include <ATen/ops/zeros.h>

#include <algorithm>

#include "ktb/plugin.hpp"
#include "ktb/transfer/sites.hpp"

namespace {

using ktb::Mode, ktb::Tensor;

class Share final : public ktb::Method {
 public:
  explicit Share(ktb::Options& o)
      : f_(o.get("f", 2, "copies every f batches", {.least = 1})),
        tie_(o.get("tie", false,
                   "instead, both layers take their mean after each step; needs "
                   "equal shapes and a source that trains along")) {}

  ktb::MethodNeeds needs() const override {
    return {.modes = {Mode::kFreshJoint, Mode::kTrainedJoint, Mode::kTrained}};
  }
  ktb::SourceUse use(std::size_t) const override {
    return {.features = false, .batches = true, .head = false, .sites = true};
  }
  ktb::Reason unsuited(const ktb::Pairing& p) const override {
    return tie_ && !p.joint(0) ? "tied layers need a source that trains along" : "";
  }

  void attach() override {
    pairs_ = ktb::pair_sites(*t().target, t().into, *t().sources.at(0), t().from.at(0));
    for (const auto& pair : pairs_)
      if (tie_ && pair.given.sizes() != pair.taken.sizes())
        throw ktb::Error("tied layers need equal shapes: `" + pair.from + "` and `" + pair.into +
                         "` differ; choose other sites or set tie = false");
  }

  void before(ktb::Step& step) override {
    if (tie_ ? step.index != 0 : step.index % f_ != 0) return;
    const at::NoGradGuard no_grad;
    for (const auto& pair : pairs_) pair.taken.copy_(fitted(pair.given.flatten(1), pair.taken));
  }

  ktb::Terms losses(ktb::Step& step) override {
    ktb::Terms terms{{"task", step.task_loss()}};
    if (t().pairing.joint(0)) terms.emplace_back("source", step.lane(0).loss(step.run(0, 0).pred));
    return terms;
  }

  void after(ktb::Step&) override {
    if (!tie_) return;
    const at::NoGradGuard no_grad;
    for (const auto& pair : pairs_) {
      const auto mean = (pair.taken + pair.given) / 2;
      pair.taken.copy_(mean);
      pair.given.copy_(mean);
    }
  }

  std::optional<std::int64_t> graph_key(std::int64_t step) const override {
    return tie_ ? step == 0 : step % f_ == 0;
  }

 private:
  /// The matrix, cropped or padded to the shape of a weight.
  static Tensor fitted(const Tensor& matrix, const Tensor& weight) {
    auto copy = at::zeros_like(weight, at::MemoryFormat::Contiguous).flatten(1);
    const auto rows = std::min(copy.size(0), matrix.size(0));
    const auto columns = std::min(copy.size(1), matrix.size(1));
    const auto part = [&](const Tensor& x) { return x.narrow(0, 0, rows).narrow(1, 0, columns); };
    part(copy).copy_(part(matrix));
    return copy.view(weight.sizes());
  }

  std::int64_t f_;
  bool tie_;
  std::vector<ktb::SitePair> pairs_;
};

}  // namespace

KTB_METHOD(Share, "copies the source's weights into the target's layer, cropped or padded",
           "baseline of Li et al., AAAI 2025, arXiv 2404.13322")
