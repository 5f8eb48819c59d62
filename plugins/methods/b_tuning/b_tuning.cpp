// B-Tuning: the target's features, seen through the posterior mean of a Bayesian linear model of
// the labels, match the mixture of what every source's features predict through theirs; sources
// whose features explain the labels better (LogME) count more. All are measured once, before
// training. You et al.: Ranking and Tuning Pre-trained Models, JMLR 2022, arXiv 2110.10545.
#include <ATen/ops/arange.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/mse_loss.h>
#include <ATen/ops/scalar_tensor.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/zeros.h>

#include "ktb/nn/blocks.hpp"
#include "ktb/plugin.hpp"
#include "ktb/transfer/probe.hpp"
#include "logme.hpp"

namespace {

using ktb::Tensor, ktb::b_tuning::LogMeRule, ktb::b_tuning::log_maximum_evidence;

class BTuning final : public ktb::Method {
 public:
  explicit BTuning(ktb::Options& o)
      : weight_(o.get("weight", 0.1, "weight of the mean squared difference; our choice")),
        temperature_(
            o.get("temperature", 0.1, "of the softmax over the sources' LogME", {.least = 1e-6})),
        start_(o.get("start", false, "the target starts from the first source's trunk")),
        regression_(o.get("regression", false, "LogME of a check's targets, not of its labels")) {
    rule_.stop = o.get("stop", rule_.stop,
                       "LogME ends at this relative change; TLL 0.01, LogME's repository 0.001",
                       {.least = 0});
    rule_.epsilon =
        o.get("epsilon", rule_.epsilon,
              "LogME adds this to denominators; TLL 0, LogME's repository 1e-5", {.least = 0});
    rule_.rounds = o.get("max_iterations", rule_.rounds, "most rounds of LogME", {.least = 1});
    const auto form = o.get("evidence", "auto",
                            "icml: as TLL and the paper's first code; fixed_point: as LogME's "
                            "later code, without epsilon in the evidence and with a determinant "
                            "over the singular values alone; auto: fixed_point where stop is below "
                            "0.01 and epsilon above 0",
                            {"auto", "icml", "fixed_point"});
    rule_.fixed_point =
        form == "fixed_point" || (form == "auto" && rule_.stop < 0.01 && rule_.epsilon > 0);
  }

  ktb::MethodNeeds needs() const override { return {.most = 0}; }
  ktb::SourceUse use(std::size_t i) const override {
    return {.features = false, .starts_target = start_ && i == 0, .head = false};
  }
  ktb::Reason unsuited(const ktb::Pairing& p) const override {
    if (auto reason = p.unreadable(); !reason.empty()) return reason;
    if (p.task.kind != "classification") return p.task.kind + " has no classes to explain";
    auto first = p;
    first.sources.resize(1);
    return start_ ? first.unlike_trunks() : "";
  }

  void attach() override {
    const auto& p = t().pairing;
    const auto mean = [&](const std::string& seat, const ktb::Pairing::Party& party) {
      return ktb::submodule(*this, seat)
          .register_buffer("posterior_mean", at::zeros({p.task.outputs, party.model.pooled}));
    };
    logme_ = register_buffer("logme", at::zeros({static_cast<std::int64_t>(p.sources.size())}));
    means_ = {mean("target", *p.target)};
    for (std::size_t i = 0; i < p.sources.size(); ++i)
      means_.push_back(mean("source." + std::to_string(i), p.sources[i]));
  }

  void survey(const ktb::Survey& over) override {
    std::vector<ktb::Seat> seats;  // the target first, as means_ has it
    for (std::size_t i = 0; i < means_.size(); ++i) seats.push_back(static_cast<ktb::Seat>(i) - 1);
    const auto seen = ktb::survey_rows(over, seats);
    const auto wanted = one_of(seen.labels, means_[0].size(0));
    for (std::size_t i = 0; i < means_.size(); ++i) {
      const auto fit = log_maximum_evidence(seen.pooled[i], wanted, rule_);
      means_[i].copy_(fit.weights);
      if (i > 0) logme_[seats[i]] = fit.score;
    }
  }

  ktb::Terms losses(ktb::Step& step) override {
    const auto weights = (logme_ / temperature_).softmax(0);
    note("weights", weights);
    Tensor mixture;
    for (std::size_t i = 1; i < means_.size(); ++i) {
      const auto place = static_cast<std::int64_t>(i) - 1;
      const auto part = weights[place] * at::linear(step.source(i - 1).pooled, means_[i]);
      mixture = mixture.defined() ? mixture + part : part;
    }
    const auto own = at::linear(step.target().pooled, means_[0]);
    return {{"task", step.task_loss()}, {"alignment", weight_ * at::mse_loss(own, mixture)}};
  }

  std::vector<std::string> checks() const override { return {"logme"}; }
  void check(ktb::Case& given) override {
    const auto targets = given.in.at(regression_ ? "targets" : "labels");
    const auto wanted = regression_ ? targets.reshape({targets.size(0), -1})
                                    : one_of(targets, targets.max().item<std::int64_t>() + 1);
    const auto fit = log_maximum_evidence(given.in.at("features"), wanted, rule_);
    given.out = {{"score", at::scalar_tensor(fit.score, at::kDouble)},
                 {"alpha", fit.alpha},
                 {"beta", fit.beta},
                 {"weights", fit.weights}};
  }

 private:
  /// [N, C]
  static Tensor one_of(const Tensor& labels, std::int64_t classes) {
    return labels.unsqueeze(1).eq(at::arange(classes, labels.options())).to(at::kDouble);
  }

  double weight_, temperature_;
  bool start_, regression_;
  LogMeRule rule_;
  Tensor logme_;               ///< [sources]
  std::vector<Tensor> means_;  ///< [C, d] of the target, then of each source
};

}  // namespace

KTB_METHOD(BTuning, "predictive features match those of a hub, weighted by LogME",
           "You et al., JMLR 2022, arXiv 2110.10545")
