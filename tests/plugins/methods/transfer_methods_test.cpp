// Limiting cases of methods that start from a source, and of those that take a hub. They run in the
// conformance kit's world, by the harness's own step.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <cmath>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "ktb/transfer/regression.hpp"
#include "methods/b_tuning/logme.hpp"
#include "methods/co_tuning/calibration.hpp"
#include "run/plugins/plain.hpp"
#include "run/rig.hpp"

namespace ktb::run {
namespace {

using b_tuning::log_maximum_evidence, co_tuning::calibration;
using Given = std::map<std::string, Value>;

KitPairing alike(Given options = {}) { return {"equal widths", 4, 4, Mode::kTrained, 1, options}; }

std::vector<Tensor> trained(const std::string& method, const KitPairing& pairing) {
  Rig rig(method, pairing);
  rig.survey().steps(3);
  return rig.target().parameters();
}

void expect_same(const std::vector<Tensor>& a, const std::vector<Tensor>& b,
                 const std::string& what) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) EXPECT_TRUE(at::equal(a[i], b[i])) << what << i;
}

/// Names and the options that take their knowledge away.
const std::map<std::string, Given> kTuning = {
    {"l2_sp", {{"backbone_weight", 0.0}, {"head_weight", 0.0}, {"trunk_lr", 1.0}}},
    {"delta", {{"backbone_weight", 0.0}, {"head_weight", 0.0}, {"trunk_lr", 1.0}}},
    {"bss", {{"bss_weight", 0.0}, {"trunk_lr", 1.0}}},
    {"co_tuning", {{"weight", 0.0}, {"trunk_lr", 1.0}}},
    {"lwf", {{"lwf_weight", 0.0}, {"trunk_lr", 1.0}}}};
const std::map<std::string, Given> kHub = {{"hub_distill", {{"weight", 0.0}}},
                                           {"b_tuning", {{"weight", 0.0}}}};

TEST(TransferMethods, WithoutWeightEqualFineTuning) {
  const auto plain = trained("finetune", alike());
  for (const auto& [name, options] : kTuning)
    expect_same(trained(name, alike(options)), plain, name);
}

TEST(TransferMethods, WithoutWeightOrSourceEqualScratch) {
  const auto plain = trained("scratch", {"alone", 4, 4, Mode::kNone, 0});
  for (const auto& [name, options] : kHub) expect_same(trained(name, alike(options)), plain, name);
  expect_same(trained("bss", {"alone", 4, 4, Mode::kNone, 0, {{"bss_weight", 0.0}}}), plain, "bss");
}

TEST(TransferMethods, WithWeightDiffer) {
  const auto plain = trained("finetune", alike());
  for (auto [name, options] : kTuning) {
    options = {{"trunk_lr", 1.0}};
    EXPECT_FALSE(at::equal(trained(name, alike(options))[0], plain[0])) << name;
  }
}

TEST(TransferMethods, TheTrunkLearnsAtItsOwnRate) {
  for (const auto* name : {"l2_sp", "delta", "bss", "co_tuning", "lwf", "model_soup"}) {
    Rig rig(name, alike({{"trunk_lr", 0.0}}));
    auto& target = rig.target();
    const auto trunk = target.site("conv0.weight").clone(), head = target.site("fc.weight").clone();
    rig.survey().steps(2);
    EXPECT_TRUE(at::equal(target.site("conv0.weight"), trunk)) << name;
    EXPECT_FALSE(at::equal(target.site("fc.weight"), head)) << name;
  }
}

TEST(TransferMethods, NothingPullsAtTheStart) {
  EXPECT_EQ(Rig("l2_sp", alike()).survey().term("backbone"), 0);
  EXPECT_EQ(Rig("delta", alike()).survey().term("backbone"), 0);
  EXPECT_EQ(Rig("delta", alike({{"kind", std::string("feature_map")}})).term("backbone"), 0);
  EXPECT_NEAR(Rig("lwf", alike()).survey().term("lwf"), 0, 1e-6);
  EXPECT_NEAR(Rig("b_tuning", alike({{"start", true}})).survey().term("alignment"), 0, 1e-9);
}

TEST(TransferMethods, OneAndTwoExamplesAreEnough) {
  for (const std::int64_t batch : {1, 2})
    for (const auto* name :
         {"l2_sp", "delta", "bss", "co_tuning", "lwf", "hub_distill", "b_tuning", "model_soup"}) {
      auto pairing = alike();
      pairing.batch = batch;
      Rig rig(name, pairing);
      EXPECT_TRUE(std::isfinite(rig.survey().steps(2))) << name << " with " << batch;
      for (const auto& parameter : rig.target().parameters())
        EXPECT_TRUE(parameter.isfinite().all().item<bool>()) << name << " with " << batch;
    }
}

TEST(TransferMethods, SayWhatDoesNotSuitThem) {
  const auto reason = [](const std::string& name, const Pairing& pairing, Given given = {}) {
    return method_of(name, std::move(given))->unsuited(pairing);
  };
  const auto pairing = Rig("finetune", alike()).pairing();
  const std::vector<std::string> tuning = {"l2_sp", "delta",     "bss",
                                           "lwf",   "co_tuning", "model_soup"};
  for (const auto& name : tuning) EXPECT_EQ(reason(name, pairing), "") << name;

  auto wider = pairing;
  wider.sources[0].model.pooled += 1;
  for (const auto& name : tuning)
    EXPECT_EQ(reason(name, wider),
              "architectures differ: target cannot start from the weights of source")
        << name;
  EXPECT_EQ(reason("b_tuning", wider), "");
  EXPECT_EQ(reason("b_tuning", wider, {{"start", true}}), reason("bss", wider));

  auto deaf = pairing;
  deaf.sources[0].model.reads[0].space = "sound";
  for (const auto* name : {"delta", "lwf", "co_tuning", "hub_distill", "b_tuning", "ensemble"})
    EXPECT_EQ(reason(name, deaf), "source source cannot read the inputs of kit") << name;

  auto flat = pairing;
  flat.target->model.features[2] = flat.sources[0].model.features[2] = {8};
  EXPECT_EQ(reason("delta", flat), "feature 2 of target is not a map");

  auto endless = pairing;
  endless.task.train_size = 0;
  EXPECT_EQ(reason("lwf", endless), "kit has no fixed training examples to remember");

  auto values = pairing;
  values.task.kind = values.sources[0].task.kind = "regression";
  for (const auto* name : {"delta", "lwf", "co_tuning", "b_tuning", "ensemble"})
    EXPECT_NE(reason(name, values), "") << name;
  EXPECT_EQ(reason("delta", values, {{"kind", std::string("feature_map")}}), "");

  auto others = pairing;
  others.sources[0].task.labels = "others";
  for (const auto* name : {"lwf", "co_tuning", "model_soup", "hub_distill", "b_tuning"})
    EXPECT_EQ(reason(name, others), "") << name;
  EXPECT_EQ(reason("ensemble", others), "label spaces differ: others and kit");
  EXPECT_EQ(reason("model_soup", others, {{"freeze", true}}), reason("ensemble", others));
  others.sources[0].mode = Mode::kTrainedJoint;
  EXPECT_EQ(reason("ensemble", others), "");
}

TEST(Delta, WeighsTheChannelsOfEachStage) {
  Rig rig("delta", alike());
  rig.survey();
  for (const std::int64_t k : {1, 2, 3}) {
    const auto attention = rig.buffer("attention." + std::to_string(k));
    EXPECT_EQ(attention.numel(), 4 << k);
    EXPECT_NEAR(attention.sum().item<double>(), 1, 1e-5);
    EXPECT_GT(attention.std().item<double>(), 0);
  }
}

TEST(Lwf, RemembersEveryExampleByItsIndex) {
  auto pairing = alike();
  pairing.source_outputs = 7;
  Rig rig("lwf", pairing);
  rig.survey();
  EXPECT_EQ(rig.buffer("stored").size(1), 7);
  const auto batch = rig.session->data[0]->train_batch(0);
  EXPECT_TRUE(at::allclose(rig.buffer("stored").index_select(0, batch.index), rig.source_says(),
                           1e-4, 1e-5));
}

TEST(CoTuning, RowsAreDistributionsWhateverTheRule) {
  for (const auto* rule : {"tll", "direct", "full"}) {
    auto pairing = alike({{"relationship", std::string(rule)}});
    pairing.source_outputs = 7;
    const auto relation = Rig("co_tuning", pairing).survey().buffer("relation");
    EXPECT_EQ(relation.size(1), 7);
    EXPECT_TRUE(at::allclose(relation.sum(1), at::ones(5), 1e-5, 1e-6)) << rule;
    EXPECT_GE(relation.min().item<double>(), 0) << rule;
  }
}

/// A step that shows stored source outputs and labels.
class Shown final : public Step {
 public:
  Shown(const Task& task, const Tensor& logits, const Tensor& labels) {
    lane_.task = &task;
    lane_.batch.y["label"] = labels;
    output_.pred = logits;
  }
  const Output& run(Seat, Seat) override { return output_; }
  const Lane& lane(Seat) override { return lane_; }
  Tensor draw(const std::string&, const std::function<Tensor()>& make) override { return make(); }
  Tensor seed(const std::string&) override { return torch::zeros({}, at::kLong); }
  void update(const std::string&) override {}

 private:
  Lane lane_;
  Output output_;
};

TEST(CoTuning, AClassThatWasNeverSeenGetsTheMean) {
  for (const auto* rule : {"tll", "full"}) {
    Rig rig("co_tuning", alike({{"relationship", std::string(rule)}}));
    const auto logits = torch::arange(30).remainder(7).to(at::kFloat).view({6, 5});
    const auto labels = torch::tensor({0, 1, 3, 0, 1, 3}, at::kLong);
    Shown shown(rig.session->data[0]->kind(), logits, labels);
    rig.method().survey([&](const auto& visit) { visit(shown); });
    const auto relation = rig.buffer("relation");
    EXPECT_TRUE(relation.isfinite().all().item<bool>()) << rule;
    if (std::string(rule) == "tll") {
      EXPECT_TRUE(at::allclose(relation[2], logits.softmax(1).mean(0)));
      EXPECT_TRUE(at::allclose(relation[3],
                               logits.softmax(1).index_select(0, torch::tensor({2, 5})).mean(0)));
    }
  }
}

TEST(Bss, IsTheSquareOfTheSmallestSingularValue) {
  auto pairing = alike({{"k", std::int64_t{100}}, {"bss_weight", 1.0}});
  pairing.batch = 2;
  Rig rig("bss", pairing);  // more than there are: all, whose sum is the squared norm
  const auto all = rig.term("bss");
  const torch::NoGradGuard no_grad;
  const auto pooled = (rig.target())(rig.session->data[0]->train_batch(0)).pooled;
  EXPECT_NEAR(all, pooled.square().sum().item<double>(), 1e-4 * all);
}

TEST(Ensemble, OfOneIsThatOne) {
  Rig rig("ensemble", alike());
  EXPECT_TRUE(rig.session->optimisers.empty());
  EXPECT_TRUE(at::allclose(rig.predicts(), rig.source_says().log_softmax(1), 1e-5, 1e-6));
}

TEST(Ensemble, AveragesProbabilities) {
  Rig rig("ensemble", {"three", 6, 4, Mode::kTrained, 3});
  auto mean = at::zeros({8, 5});
  for (std::size_t i = 0; i < 3; ++i) mean += rig.source_says(i).softmax(1) / 3;
  EXPECT_TRUE(at::allclose(rig.predicts().exp(), mean, 1e-5, 1e-6));
  EXPECT_GT(rig.term("task"), 0);
}

TEST(Ensemble, MembersOfOtherLabelsGetANewHead) {
  KitPairing pairing{"two", 4, 4, Mode::kTrainedJoint, 2};
  pairing.source_outputs = 7;
  Rig rig("ensemble", pairing);
  EXPECT_EQ(rig.predicts().size(1), 5);
  const auto parameters = rig.method().named_parameters();
  ASSERT_TRUE(parameters.contains("heads.1.weight"));
  const auto before = parameters["heads.1.weight"].clone();
  const double first = rig.steps(1);
  EXPECT_LT(rig.steps(10), first);
  EXPECT_FALSE(at::equal(parameters["heads.1.weight"], before));
  // Two trunks and two heads; the old heads are left out.
  const auto trunk = rig.session->transfer.sources[0]->parameters().size() - 2;
  EXPECT_EQ(rig.method().deployed().size(), 2 * trunk + 4);
}

TEST(ModelSoup, OfOneSourceIsThatSource) {
  Rig rig("model_soup", alike({{"freeze", true}}));
  EXPECT_TRUE(rig.session->optimisers.empty());
  EXPECT_TRUE(at::equal(rig.predicts(), rig.source_says()));
}

TEST(ModelSoup, StartsFromTheMeanAndThenLearns) {
  auto pairing = alike();
  pairing.sources = 2;
  Rig rig("model_soup", pairing);
  const auto& [target, sources] =
      std::pair(rig.session->transfer.target, rig.session->transfer.sources);
  for (const auto* name : {"conv0.weight", "bn2.bias", "fc.weight"})
    EXPECT_TRUE(
        at::allclose(target->site(name), (sources[0]->site(name) + sources[1]->site(name)) / 2))
        << name;
  EXPECT_FALSE(rig.session->optimisers.empty());

  pairing.source_outputs = 7;  // another label space: the head stays new
  EXPECT_TRUE(at::equal(Rig("model_soup", pairing).target().site("fc.weight"),
                        kit_model(4, 1)->site("fc.weight")));
}

/// log N(y; 0, I / beta + F F^T / alpha), without any eigenvalues.
double log_density(const Tensor& f, const Tensor& y, double alpha, double beta) {
  const auto n = f.size(0);
  const auto covariance = at::eye(n, at::kDouble) / beta + f.matmul(f.t()) / alpha;
  const auto quadratic = y.dot(at::linalg_solve(covariance, y)).item<double>();
  const auto logdet = at::logdet(covariance).item<double>();
  return -0.5 * (quadratic + logdet + static_cast<double>(n) * std::log(2 * M_PI));
}

TEST(LogMe, IsTheLargestEvidence) {
  torch::manual_seed(3);
  const std::int64_t n = 12, d = 3;
  const auto f = torch::randn({n, d}, at::kDouble);
  const auto y = f.matmul(torch::randn({d, 2}, at::kDouble)) + torch::randn({n, 2}, at::kDouble);
  const auto fit = log_maximum_evidence(f, y, {.stop = 1e-12, .rounds = 20000});
  double sum = 0;
  for (std::int64_t c = 0; c < 2; ++c) {
    const auto column = y.select(1, c);
    const double a = fit.alpha[c].item<double>(), b = fit.beta[c].item<double>();
    const double best = log_density(f, column, a, b);
    sum += best / n;
    for (const double factor : {0.9, 1.1}) {
      EXPECT_LT(log_density(f, column, a * factor, b), best);
      EXPECT_LT(log_density(f, column, a, b * factor), best);
    }
    const auto ridge =
        at::linalg_solve(f.t().matmul(f) + a / b * at::eye(d, at::kDouble), f.t().matmul(column));
    EXPECT_TRUE(at::allclose(fit.weights[c], ridge, 1e-6, 1e-8));
  }
  EXPECT_NEAR(fit.score, sum / 2, 1e-8);
}

TEST(LogMe, ExactFitsStayFinite) {
  torch::manual_seed(3);
  const auto f = torch::randn({5, 8}), y = torch::randn({5, 2});
  for (const bool fixed_point : {false, true})
    for (const std::int64_t rounds : {1, 11, 20000}) {
      const auto fit =
          log_maximum_evidence(f, y, {.stop = 1e-12, .rounds = rounds, .fixed_point = fixed_point});
      EXPECT_TRUE(std::isfinite(fit.score)) << rounds;
      EXPECT_TRUE(fit.weights.isfinite().all().item<bool>()) << rounds;
    }
  EXPECT_TRUE(std::isfinite(log_maximum_evidence(at::zeros({5, 3}), y).score));
}

TEST(LogMe, ColumnsOfZerosDoNotCount) {
  torch::manual_seed(4);
  const auto f = torch::randn({10, 3});
  const auto y = torch::arange(10).remainder(2).to(at::kDouble).unsqueeze(1);
  const auto with = log_maximum_evidence(f, at::cat({y, at::zeros({10, 1}, at::kDouble)}, 1));
  EXPECT_NEAR(with.score, log_maximum_evidence(f, y).score, 1e-12);
  EXPECT_EQ(with.weights[1].abs().max().item<double>(), 0);
}

TEST(LogMe, BetterFeaturesScoreHigher) {
  torch::manual_seed(5);
  const auto labels = torch::arange(40).remainder(4);
  const auto y = torch::eye(4, at::kDouble).index_select(0, labels);
  const auto noise = torch::randn({40, 4}, at::kDouble);
  EXPECT_GT(log_maximum_evidence(y + 0.1 * noise, y).score,
            log_maximum_evidence(y + noise, y).score);
}

TEST(Regression, GradientVanishesAtTheFit) {
  torch::manual_seed(6);
  const auto x = torch::randn({30, 4}, at::kDouble);
  const auto labels = torch::arange(30).remainder(3);
  const auto weight = softmax_regression(x, labels, 3, 0.1, 200);
  const auto wrong =
      at::linear(x, weight).softmax(1) - torch::eye(3, at::kDouble).index_select(0, labels);
  const auto gradient = wrong.t().matmul(x) / 30 + 0.1 * weight;
  EXPECT_LT(gradient.abs().max().item<double>(), 1e-6);
}

TEST(Regression, CalibrationByHand) {
  // One row in four is wrong: sigmoid(2 c) = 3/4, so c = log(3) / 2.
  const auto logits = torch::tensor({1.0, -1.0, 1.0, -1.0, 1.0, -1.0, 1.0, -1.0}).view({4, 2});
  EXPECT_NEAR(calibration(logits, torch::tensor({0, 0, 0, 1}, at::kLong)), std::log(3.0) / 2, 1e-9);
}

}  // namespace
}  // namespace ktb::run
