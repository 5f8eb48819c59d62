// Normalised knowledge distillation: the true class by a cross-entropy that the source's own
// confidence weighs, the other classes by distributions normalised without it. Yang et al.,
// ICCV 2023, arXiv 2303.13005; yzd-v/cls_KD.
#include "ktb/plugin.hpp"

namespace {

class Nkd final : public ktb::Method {
 public:
  explicit Nkd(ktb::Options& o)
      : ce_(o.get("ce_weight", 1.0, "weight of the target's own task")),
        gamma_(o.get("gamma", 1.5, "weight of the other classes; CIFAR-100 in cls_KD: 3.5")),
        temperature_(o.get("temperature", 1.0,
                           "softens the distributions over the other classes; CIFAR-100 in "
                           "cls_KD: 3",
                           {.least = 1e-3})) {}

  ktb::SourceUse use(std::size_t) const override { return {.features = false}; }
  ktb::Reason unsuited(const ktb::Pairing& p) const override { return p.unlike_outputs(); }

  ktb::Terms losses(ktb::Step& step) override {
    const auto& lane = step.lane();
    const auto labels = lane.labels(), own = labels.unsqueeze(1);
    const auto target = lane.logits(step.target().pred), source = lane.logits(step.source().pred);
    const auto confidence = source.softmax(1).gather(1, own);
    const auto true_class = -(confidence * target.log_softmax(1).gather(1, own)).mean();
    const auto others =
        gamma_ * ktb::soft_cross_entropy(ktb::other_classes(target, labels),
                                         ktb::other_classes(source, labels), temperature_);
    note("term.nkd", true_class + others);
    return {{"task", ce_ * step.task_loss()}, {"target", true_class}, {"nontarget", others}};
  }

 private:
  double ce_, gamma_, temperature_;
};

}  // namespace

KTB_METHOD(Nkd, "weighs the true class by the source's confidence, matches the others apart",
           "Yang et al., ICCV 2023, arXiv 2303.13005")
