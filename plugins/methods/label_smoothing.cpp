// Label smoothing: part of each label is spread over the other classes (C - 1 of them, as in
// yuanli2333/Teacher-free-Knowledge-Distillation; PyTorch spreads it over all C). Szegedy et al.,
// CVPR 2016, arXiv 1512.00567.
#include "ktb/plugin.hpp"

namespace {

class LabelSmoothing final : public ktb::Method {
 public:
  explicit LabelSmoothing(ktb::Options& o)
      : alpha_(o.get("alpha", 0.1, "part of the label that is spread", {.least = 0, .most = 1})) {}

  ktb::MethodNeeds needs() const override { return ktb::no_source(); }
  ktb::Reason unsuited(const ktb::Pairing& p) const override { return p.no_classes(); }

  ktb::Terms losses(ktb::Step& step) override {
    const auto& lane = step.lane();
    const auto logits = lane.logits(step.target().pred);
    const auto labels = ktb::smoothed(lane.labels(), logits, alpha_);
    return {{"task", -(labels * logits.log_softmax(1)).sum(1).mean()}};
  }

 private:
  double alpha_;
};

}  // namespace

KTB_METHOD(LabelSmoothing, "trains on smoothed labels, without a source",
           "Szegedy et al., CVPR 2016, arXiv 1512.00567")
