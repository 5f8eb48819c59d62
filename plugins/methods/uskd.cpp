// Universal self-knowledge distillation, without a source: the true class gets a label that follows
// the network's own confidence; the other classes get Zipf's law over their ranks, which a weak
// classifier on an earlier stage and the network itself decide together. Yang et al., ICCV 2023,
// arXiv 2303.13005; yzd-v/cls_KD, whose ranking mixes probabilities with LOG-probabilities.
#include <ATen/ops/arange.h>
#include <ATen/ops/one_hot.h>
#include <torch/nn/modules/linear.h>

#include "ktb/plugin.hpp"
#include "ktb/transfer/maps.hpp"

namespace {

using ktb::Tensor;

class Uskd final : public ktb::Method {
 public:
  explicit Uskd(ktb::Options& o)
      : ce_(o.get("ce_weight", 1.0, "weight of the target's own task")),
        alpha_(o.get("alpha", 0.1, "weight of the true class; constructor of cls_KD: 1")),
        beta_(o.get("beta", 0.1, "weight of the other classes")),
        mu_(o.get("mu", 0.1, "weight of the weak classifier; constructor of cls_KD: 0.005")) {}

  ktb::MethodNeeds needs() const override { return ktb::no_source(); }
  ktb::Reason unsuited(const ktb::Pairing& p) const override {
    if (!p.task.categorical) return p.task.kind + " has no class distribution";
    if (p.task.outputs < 3) return p.task.name + " has fewer than three classes";
    return p.target->model.features.size() < 2 ? p.target->model.name + " has a single feature map"
                                               : "";
  }

  void attach() override {
    const auto& features = t().pairing.target->model.features;
    const auto& shape = features.at(features.size() - 2);
    const auto width = shape.size() == 2 ? shape[1] : shape[0];  // tokens [n, d], maps [c, h, w]
    weak_ = register_module("weak_classifier", torch::nn::Linear(width, t().pairing.task.outputs));
  }

  ktb::Terms losses(ktb::Step& step) override {
    const auto& lane = step.lane();
    const auto& output = step.target();
    const auto logits = lane.logits(output.pred);
    const auto weak = weak_(ktb::averaged(output.features.at(output.features.size() - 2)));
    const auto label = labels_of(lane, logits);
    return {{"task", ce_ * step.task_loss()},
            {"target", alpha_ * true_class(logits, label)},
            {"weak", mu_ * weak_loss(weak, label)},
            {"nontarget", beta_ * other_classes(logits, weak, label)}};
  }

 private:
  struct Label {
    Tensor whole;   ///< [B, C], sums to 1
    Tensor places;  ///< [B, k]: the true classes, one of them or the two of a mixed image
    Tensor values;  ///< [B, k]
  };

  static Label labels_of(const ktb::Lane& lane, const Tensor& logits) {
    if (const auto soft = lane.batch.y.find("soft_label"); soft != lane.batch.y.end()) {
      const auto [values, places] = soft->second.topk(2, 1);
      return {soft->second, places, values};
    }
    const auto places = lane.labels().unsqueeze(1);
    const auto whole = at::one_hot(lane.labels(), logits.size(1)).to(logits.scalar_type());
    return {whole, places, whole.gather(1, places)};
  }

  static Tensor true_class(const Tensor& logits, const Label& label) {
    const auto own = logits.log_softmax(1).gather(1, label.places);
    const auto squares = own.detach().exp().square();
    const auto soft = (squares + label.values - squares.mean(0, true)) * (label.values != 0);
    return -(soft * own).sum(1).mean();
  }

  static Tensor weak_loss(const Tensor& weak, const Label& label) {
    const auto smooth = 0.9 * label.whole + 0.1 / static_cast<double>(weak.size(1));
    return -(smooth * weak.log_softmax(1)).sum(1).mean();
  }

  static Tensor other_classes(const Tensor& logits, const Tensor& weak, const Label& label) {
    const auto share = [&](const Tensor& x) {
      return x / (1 - x.gather(1, label.places).sum(1, true) + 1e-6);
    };
    const auto score = share(weak.detach().softmax(1)) + share(logits.detach().log_softmax(1));
    const auto rank =
        score.argsort(std::int64_t{1}, /*descending=*/true).argsort(std::int64_t{1}, false);
    const auto others = keep_others(label.places, logits);
    const auto zipf = (1.0 / (rank + 1).to(logits.scalar_type())).gather(1, others);
    const auto target = logits.gather(1, others).log_softmax(1);
    return -(zipf / zipf.sum(1, true) * target).sum(1).mean();
  }

  /// [B, C - k]: the classes that are not among `places` [B, k].
  static Tensor keep_others(const Tensor& places, const Tensor& logits) {
    const auto taken = at::zeros_like(logits, at::kLong).scatter(1, places, 1);
    const auto order = taken.argsort(/*stable=*/true, 1);
    return order.narrow(1, 0, logits.size(1) - places.size(1));
  }

  double ce_, alpha_, beta_, mu_;
  torch::nn::Linear weak_{nullptr};
};

}  // namespace

KTB_METHOD(Uskd, "learns from labels made of its own confidence and ranks, without a source",
           "Yang et al., ICCV 2023, arXiv 2303.13005")
