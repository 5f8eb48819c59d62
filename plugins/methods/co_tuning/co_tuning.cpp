// Co-Tuning: the source's head stays on the target's trunk and learns, for each target class, the
// source classes that belong to it: p(source class | target class), measured before training.
// You, Kou, Long, Wang: Co-Tuning for Transfer Learning, NeurIPS 2020.
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>

#include "calibration.hpp"
#include "ktb/plugin.hpp"
#include "ktb/transfer/regression.hpp"
#include "ktb/transfer/second_head.hpp"

namespace {

using ktb::Tensor;

class CoTuning final : public ktb::Method {
 public:
  explicit CoTuning(ktb::Options& o)
      : weight_(o.get("weight", 2.3, "weight of the source head's cross-entropy")),
        rule_(o.get("relationship", "tll",
                    "tll, direct: mean source probabilities of each target class; full: calibrated "
                    "logistic regression and Bayes' rule, as in thuml/CoTuning",
                    {"tll", "direct", "full"})),
        scale_(o.get("logit_scale", 1.0,
                     "factor on the source's logits; thuml/CoTuning: 0.8840456604957581")),
        train_rows_(o.get("train_rows", 0,
                          "full: that many first rows are fitted and the others calibrate; 0: "
                          "every fifth calibrates",
                          {.least = 0})),
        strengths_(o.get("inverse_penalties", std::vector<double>{1e4, 1e2, 1, 1e-2, 1e-4},
                         "full: of these the one with the best accuracy on the calibrating rows; "
                         "thuml/CoTuning tries 17 between the same ends",
                         {.least = 1e-9})),
        trunk_lr_(ktb::second_head_lr(o)) {}

  ktb::SourceUse use(std::size_t) const override { return ktb::second_head_use(); }
  ktb::Reason unsuited(const ktb::Pairing& p) const override {
    if (p.task.kind != "classification") return p.task.kind + " has no classes to relate";
    return ktb::unlike_second_head(p);
  }

  void attach() override {
    const auto& p = t().pairing;
    relation_ =
        register_buffer("relation", at::zeros({p.task.outputs, p.sources.at(0).task.outputs}));
  }

  std::vector<ktb::Group> groups() override { return ktb::second_head_groups(t(), trunk_lr_); }

  void survey(const ktb::Survey& over) override {
    std::vector<Tensor> probabilities, labels;
    ktb::Step* last = nullptr;
    over([&](ktb::Step& step) {
      probabilities.push_back((scale_ * step.source().pred.to(at::kDouble)).softmax(1));
      labels.push_back(step.lane().labels());
      last = &step;
    });
    if (!last) return;
    const auto p = at::cat(probabilities), y = at::cat(labels);
    const auto joint = rule_ == "full" ? by_bayes(p, y, *last) : sums(p, y);
    const auto of_class = joint.sum(1, true);
    // A class that was never seen: what the source says of any example.
    relation_.copy_(at::where(of_class > 0, joint / of_class, p.mean(0)));
  }

  ktb::Terms losses(ktb::Step& step) override {
    note("relationship", relation_);
    const auto wanted = relation_.index_select(0, step.lane().labels());
    const auto now = t().sources[0]->head(step.target());
    return {{"task", step.task_loss()},
            {"cotuning", -weight_ * (wanted * now.log_softmax(1)).sum(1).mean()}};
  }

 private:
  /// [C, C_s] sums of source probabilities by class.
  Tensor sums(const Tensor& p, const Tensor& y) const {
    return at::zeros(relation_.sizes(), p.options()).index_add_(0, y, p);
  }

  /// [C, C_s] joint probabilities of target and source class.
  Tensor by_bayes(const Tensor& p, const Tensor& y, ktb::Step& step) const {
    const auto order = at::arange(y.size(0), y.options());
    const auto held = train_rows_ ? order >= train_rows_ : order.remainder(5) == 4;
    const auto rows = [&](const Tensor& mask) {  // all of them rather than none
      return mask.any().item<bool>() ? mask.nonzero().squeeze(1) : order;
    };
    const auto fitted = rows(held.logical_not()), rest = rows(held);
    const auto pick = [](const Tensor& x, const Tensor& rows) { return x.index_select(0, rows); };
    const auto coefficients = step.draw("logistic_coefficients", [&] {
      Tensor best;
      double most = -1;
      for (const double strength : strengths_) {
        const double penalty = 1 / (strength * static_cast<double>(fitted.size(0)));
        const auto made = ktb::softmax_regression(pick(p, fitted), pick(y, fitted),
                                                  relation_.size(0), penalty, kIterations);
        const auto right = at::linear(pick(p, rest), made).argmax(1) == pick(y, rest);
        const double accuracy = right.to(at::kDouble).mean().item<double>();
        if (accuracy > most) best = made, most = accuracy;
      }
      return best;
    });
    const auto a = coefficients.to(at::kDouble);
    const double c = ktb::co_tuning::calibration(at::linear(pick(p, rest), a), pick(y, rest));
    return (c * a).softmax(0) * p.mean(0);
  }

  static constexpr std::int64_t kIterations = 100;

  double weight_;
  std::string rule_;
  double scale_;
  std::int64_t train_rows_;
  std::vector<double> strengths_;
  double trunk_lr_;
  Tensor relation_;  ///< [classes, classes of the source]
};

}  // namespace

KTB_METHOD(CoTuning, "the source's head learns which of its classes belong to each target class",
           "You et al., NeurIPS 2020")
