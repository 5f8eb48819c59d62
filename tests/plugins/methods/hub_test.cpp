// Hub-Pathway and Zoo-Tuning beyond their stored cases: what routes, statistics and deployed
// weights must be. They run in the conformance kit's world, by the harness's own step.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/nn/modules/dropout.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <cmath>
#include <map>
#include <numeric>
#include <string>
#include <vector>

#include "ktb/nn/blocks.hpp"
#include "methods/hub_pathway/gating.hpp"
#include "methods/hub_pathway/hub.hpp"
#include "run/rig.hpp"
#include "run/train/flops.hpp"

namespace ktb::run {
namespace {

using namespace hub_pathway;
using Given = std::map<std::string, Value>;

/// A hub of that many members of one width, trained along.
KitPairing hub(std::size_t members, Given options, std::int64_t width = 4) {
  return {"a hub", width, width, Mode::kTrainedJoint, members, std::move(options)};
}

/// The top-k mixture alone: no noise, no loss of its own.
Given plain(std::int64_t k) {
  return {{"k", k}, {"noise", false}, {"explore", 0.0}, {"exploit", 0.0}};
}

class Trial : public Rig {
 public:
  explicit Trial(const KitPairing& pairing, const std::string& method = "hub_pathway")
      : Rig(method, pairing) {
    session->train(true);
  }

  /// Of the generator's last layer, so that members are not equally likely.
  void take_sides() const {
    const torch::NoGradGuard no_grad;
    torch::manual_seed(3);
    weight("generator.clean.weight").normal_(0, 3);
  }
  /// Over the training split, in evaluation mode.
  std::map<std::string, double> figures() const {
    session->train(true);
    session->data[0]->survey([&](const Batch& some) { session->predict(some); });
    return session->figures();
  }
};

/// sum over all members of gate * U f + b, each member on the whole batch.
Tensor dense(Trial& trial, const Tensor& gates) {
  const torch::NoGradGuard no_grad;
  trial.session->train(false);
  Tensor sum = trial.weight("mixture.bias");
  for (std::int64_t i = 0; i < gates.size(1); ++i) {
    const auto features = trial.source(static_cast<std::size_t>(i)).trunk(trial.batch()).pooled;
    const auto part =
        features.matmul(trial.weight("mixture.mix." + std::to_string(i) + ".weight").t());
    sum = sum + gates.narrow(1, i, 1) * part;
  }
  return sum;
}

/// What predict() found the weights of its inputs to be.
Tensor pathway(Trial& trial) { return trial.method().pictures().at("pathway"); }

TEST(HubPathway, AllMembersActiveEqualTheDenseSum) {
  Trial trial(hub(3, plain(3)));
  trial.take_sides();
  const auto prediction = trial.predicts();
  const auto weights = pathway(trial);
  EXPECT_GT(weights.std(0).max().item<double>(), 0.01) << "all inputs take one way";
  EXPECT_TRUE(at::allclose(prediction, dense(trial, weights), 1e-4, 1e-6));
}

TEST(HubPathway, DispatchEqualsMaskedDenseExecution) {
  for (const bool renormalise : {true, false}) {
    auto options = plain(2);
    options["renormalise"] = renormalise;
    Trial trial(hub(5, options));
    trial.take_sides();
    const auto prediction = trial.predicts();
    const auto weights = pathway(trial);
    const auto [kept, chosen] = weights.topk(2, 1);
    auto gates = at::zeros_like(weights).scatter(1, chosen, kept);
    if (renormalise) gates = gates / gates.sum(1, true);
    EXPECT_GT(std::get<0>(at::_unique(chosen)).numel(), 2) << "all inputs take one way";
    EXPECT_TRUE(at::allclose(prediction, dense(trial, gates), 1e-4, 1e-6)) << renormalise;
  }
}

TEST(HubPathway, OneMemberIsFineTuning) {
  const auto without_dropout = [](Model& model) {
    model.named_modules()["dropout"]->as<torch::nn::Dropout>()->options.p(0);
  };
  Trial tuned(hub(1, {}), "finetune"), routed(hub(1, plain(1)));
  without_dropout(tuned.target());
  without_dropout(routed.source(0));
  {
    const torch::NoGradGuard no_grad;
    auto& target = tuned.target();
    routed.weight("mixture.mix.0.weight").copy_(target.site("fc.weight"));
    routed.weight("mixture.bias").copy_(target.site("fc.bias"));
  }
  for (std::int64_t i = 0; i < 6; ++i) EXPECT_NEAR(routed.steps(), tuned.steps(), 1e-4) << i;
  EXPECT_TRUE(at::allclose(routed.predicts(), tuned.predicts(), 1e-3, 1e-4));
}

/// Of the last step, over all parameters of the generator that serve a calm mixture.
double teaches_generator(Trial& trial) {
  trial.take_sides();
  trial.steps();
  double sum = 0;
  for (const auto& item : trial.method().named_parameters())
    if (item.key().starts_with("generator.") && !item.key().starts_with("generator.noise"))
      sum += item.value().grad().abs().sum().item<double>();
  return sum;
}

TEST(HubPathway, TheOneWeightOfATopOneTeachesTheGenerator) {
  Trial single(hub(3, plain(1)));
  const double taught = teaches_generator(single);
  EXPECT_GT(taught, 1e-3);
  EXPECT_GT(single.weight("generator.image.conv1.weight").grad().abs().max().item<double>(), 0);

  auto constant = plain(1);
  constant["renormalise"] = true;
  Trial deaf(hub(3, constant));
  EXPECT_LT(teaches_generator(deaf), 1e-6 * taught) << "more than rounding";
}

TEST(HubPathway, ATopOneScalesItsMemberByTheWeight) {
  Trial trial(hub(4, plain(1)));
  trial.take_sides();
  const auto prediction = trial.predicts();
  const auto weights = pathway(trial);
  const auto [kept, chosen] = weights.max(1, true);
  const auto gates = at::zeros_like(weights).scatter(1, chosen, kept);
  EXPECT_LT(kept.min().item<double>(), 0.99) << "a weight of 1 scales nothing";
  EXPECT_TRUE(at::allclose(prediction, dense(trial, gates), 1e-4, 1e-6));
}

TEST(HubPathway, StartsWithAllMembersEquallyLikely) {
  Trial trial(hub(4, {{"k", 2}, {"noise", false}}));
  EXPECT_NEAR(trial.term("explore"), -0.1 * std::log(4.0), 1e-6);
  trial.predicts();
  EXPECT_TRUE(at::allclose(pathway(trial), at::full({8, 4}, 0.25)));
}

TEST(HubPathway, VariationsSeeThatFewAreUsed) {
  auto options = plain(2);
  options["explore"] = 1.0;
  options["explore_kind"] = std::string("cv");
  // Without noise and with equal weights two of four get all: cv^2 = var / mean^2 = 4/3, twice.
  EXPECT_NEAR(Trial(hub(4, options)).term("explore"), 8.0 / 3, 1e-5);
  options["noise"] = true;
  EXPECT_LT(Trial(hub(4, options)).term("explore"), 2);
}

TEST(HubPathway, NoiseIsOfTrainingOnly) {
  Trial trial(hub(3, {{"k", 1}}));
  const auto first = trial.predicts();
  EXPECT_TRUE(at::equal(trial.predicts(), first));
  trial.steps();
  EXPECT_GT(trial.weight("generator.noise.weight").grad().abs().max().item<double>(), 0);
}

TEST(HubPathway, EveryFormLearns) {
  for (const auto* aggregate : {"linear", "mlp"})
    for (const auto* heads : {"own", "shared"})
      for (const auto mode : {Mode::kTrainedJoint, Mode::kFreshJoint}) {
        auto pairing =
            hub(3, {{"aggregate", std::string(aggregate)}, {"exploit_heads", std::string(heads)}});
        pairing.mode = mode;
        Trial trial(pairing);
        const double first = trial.steps();
        EXPECT_LT(trial.steps(30), first) << aggregate << " " << heads;
      }
}

TEST(HubPathway, SharesAreOfThePredictionsSinceTraining) {
  Trial trial(hub(4, {{"k", 2}}));
  trial.take_sides();
  auto& transfer = trial.session->transfer;
  for (std::size_t i = 0; i < 4; ++i)
    EXPECT_EQ(transfer.pairing.sources[i].model.name, "source");  // the kit's all have one name
  const auto figures = trial.figures();
  EXPECT_EQ(pathway(trial).size(0), 40) << "the training split of the kit";
  EXPECT_GT(figures.at("usage_entropy"), figures.at("input_entropy"));
  EXPECT_LE(figures.at("usage_entropy"), std::log(4.0) + 1e-6);
  trial.steps(1);
  trial.predicts();
  EXPECT_EQ(pathway(trial).size(0), 8);
}

TEST(HubPathway, ASingleRowDoesNotMoveStatistics) {
  Trial trial(hub(2, plain(1)));
  auto& pairing = trial.session->transfer.pairing;
  PathwayMixture mixture(pairing, 0, false);
  GatingRule rule;
  const auto wanted = torch::tensor({{4.0F, 0.0F}}).repeat({8, 1});
  wanted[3].copy_(torch::tensor({0.0F, 4.0F}));
  const auto gating = top_k_gating(wanted, {}, {}, rule);
  const auto mean = [&](std::size_t i) {
    return trial.source(i).named_buffers()["bn0.running_mean"];
  };
  const auto first = mean(0).clone(), second = mean(1).clone();
  EXPECT_TRUE(mixture(trial.session->transfer.sources, trial.batch(), gating)
                  .isfinite()
                  .all()
                  .item<bool>());
  EXPECT_FALSE(at::equal(mean(0), first));
  EXPECT_TRUE(at::equal(mean(1), second));
  EXPECT_TRUE(trial.source(1).is_training());
}

double cost(std::size_t members, std::int64_t k, std::int64_t width) {
  Trial trial(hub(members, plain(k), width));
  trial.take_sides();
  const auto batch = trial.batch();
  return count_flops([&] { trial.session->predict(batch); });
}

TEST(HubPathway, CostGrowsWithTheActiveMembersOnly) {
  constexpr std::int64_t kWidth = 32;
  const double one = cost(5, 1, kWidth), two = cost(5, 2, kWidth), five = cost(5, 5, kWidth);
  EXPECT_NEAR((five - one) / (two - one), 4, 0.01);
  EXPECT_NEAR(cost(3, 1, kWidth) / one, 1, 0.01);
  Trial alone(hub(1, {}, kWidth), "finetune");
  const auto batch = alone.batch();
  const double single = count_flops([&] { alone.session->predict(batch); });
  EXPECT_LT(one, 1.1 * single);
}

/// The shares [members] of inputs after some training with k = 1, where one of the members may be
/// dead: all zero, so that nothing reaches its weights either.
Tensor shares(std::size_t members, Given options, std::int64_t seed, int dead = -1) {
  options["k"] = 1;
  Trial trial(hub(members, std::move(options)));
  trial.session->axis += "/" + std::to_string(seed);
  const torch::NoGradGuard no_grad;
  if (dead >= 0)
    for (auto& parameter : trial.source(static_cast<std::size_t>(dead)).parameters())
      parameter.zero_();
  {
    const torch::AutoGradMode grad(true);
    trial.steps(60);
  }
  trial.figures();
  const auto counts = pathway(trial).argmax(1).bincount({}, static_cast<std::int64_t>(members));
  return counts.to(at::kDouble) / counts.sum();
}

TEST(HubPathwaySlow, WithoutExplorationUsageCollapses) {
  const Given explored = {{"explore", 1.0}, {"exploit", 0.0}};
  const Given mixture = {{"explore", 0.0}, {"exploit", 0.0}, {"noise", false}};
  double with = 0, without = 0;
  for (const auto seed : {1, 2, 3}) {
    with += entropy(shares(4, explored, seed)).item<double>() / 3;
    without += entropy(shares(4, mixture, seed)).item<double>() / 3;
  }
  EXPECT_GT(with, 0.9);
  EXPECT_LT(without, with / 2);
}

TEST(HubPathwaySlow, AUselessMemberLosesItsShare) {
  for (const auto seed : {1, 2, 3}) EXPECT_LT(shares(3, {}, seed, 1)[1].item<double>(), 0.1);
}

TEST(Gating, WithoutNoiseTheLoadIsACount) {
  GatingRule rule;
  rule.k = 2;
  const auto gating =
      top_k_gating(torch::tensor({{3.0F, 2.0F, 1.0F}, {1.0F, 2.0F, 3.0F}}), {}, {}, rule);
  EXPECT_TRUE(at::equal(gating.load(), torch::tensor({1.0F, 2.0F, 1.0F})));
}

TEST(Gating, RowsAreSortedByMember) {
  const auto rows = rows_by_member(torch::tensor({{2, 0}, {0, 2}, {0, 3}}), 5);
  ASSERT_EQ(rows.size(), 5U);
  EXPECT_TRUE(at::equal(rows[0], torch::tensor({0, 1, 2})));
  EXPECT_EQ(rows[1].numel(), 0);
  EXPECT_TRUE(at::equal(rows[2], torch::tensor({0, 1})));
  EXPECT_TRUE(at::equal(rows[3], torch::tensor({2})));
  EXPECT_EQ(rows[4].numel(), 0);
}

TEST(Gating, EveryInputRunsWhereAllAreChosen) {
  for (const auto& rows : rows_by_member(torch::tensor({{2, 0, 1}, {0, 1, 2}}), 3))
    EXPECT_TRUE(at::equal(rows, torch::tensor({0, 1})));
}

TEST(Gating, EqualValuesDoNotVary) {
  EXPECT_EQ(squared_variation(torch::full({4}, 2.5)).item<double>(), 0);
  EXPECT_EQ(squared_variation(torch::full({1}, 2.5)).item<double>(), 0);
}

TEST(PathwayGenerator, ReadsPicturesIdsAndNumbers) {
  Pairing pairing;
  pairing.sources.resize(3);
  pairing.task.inputs = {{"image", {1, 20, 14}, "grey", {}, {}},
                         {"tokens", {-1}, "words", {}, {}, 50},
                         {"state", {4}, "cartpole", {}, {}}};
  PathwayGenerator generator(pairing, 8);
  Batch batch;
  batch.x["image"] = torch::rand({5, 1, 20, 14});
  batch.x["tokens"] = torch::zeros({5, 7}, at::kLong);  // padding alone
  batch.x["state"] = torch::rand({5, 4});
  const auto [clean, spread] = generator(batch);
  EXPECT_TRUE(at::equal(clean, torch::zeros({5, 3})));
  EXPECT_TRUE(at::equal(spread, torch::zeros({5, 3})));
}

/// A hub of that many, whose target starts otherwise than they do.
KitPairing zoo(std::size_t members, bool lite) {
  return {"a zoo", 4, 4, Mode::kTrained, members, {{"lite", lite}}};
}

std::int64_t deployed(Trial& trial) {
  std::int64_t count = 0;
  for (const auto& parameter : trial.method().deployed()) count += parameter.numel();
  return count;
}

std::int64_t numbers(const torch::nn::Module& module) {
  std::int64_t count = 0;
  for (const auto& parameter : module.parameters()) count += parameter.numel();
  return count;
}

TEST(ZooTuning, LiteLeavesOneOrdinaryNetwork) {
  Trial trial(zoo(3, true), "zoo_tuning");
  trial.steps(12);
  const auto prediction = trial.predicts();
  auto& target = trial.target();
  EXPECT_EQ(deployed(trial), numbers(target));
  const auto plain = kit_model(4, 77);
  EXPECT_EQ(copy_trunk(target, *plain), 4 * 6) << "4 kernels, 4 normalisations of 5";
  const torch::NoGradGuard no_grad;
  plain->site("fc.weight").copy_(target.site("fc.weight"));
  plain->site("fc.bias").copy_(target.site("fc.bias"));
  plain->eval();
  EXPECT_TRUE(at::equal((*plain)(trial.batch()).pred, prediction));
}

TEST(ZooTuning, FullKeepsAllKernels) {
  Trial trial(zoo(3, false), "zoo_tuning");
  const auto& target = trial.target();
  std::int64_t kernels = 0;
  for (const auto* name : {"conv0", "conv1", "conv2", "conv3"})
    kernels += target.site(std::string(name) + ".weight").numel();
  EXPECT_EQ(deployed(trial), numbers(target) - kernels + numbers(trial.method()));
  EXPECT_GT(numbers(trial.method()), 3 * kernels);
}

TEST(ZooTuning, BothFormsLearnAndTheRestIsTheMean) {
  for (const bool lite : {false, true}) {
    Trial trial(zoo(2, lite), "zoo_tuning");
    const auto bn = trial.target().site("bn1.weight");
    const auto mean = (trial.source(0).site("bn1.weight") + trial.source(1).site("bn1.weight")) / 2;
    EXPECT_TRUE(at::allclose(bn, mean));
    const double first = trial.steps();
    EXPECT_LT(trial.steps(30), first);
  }
}

/// One kernel, gates of one half, no alignment: half the kernel.
TEST(ZooTuning, AMixtureOfOneScalesItsKernel) {
  Trial trial({"one", 4, 4, Mode::kTrained, 1, {{"alignment", std::string("none")}}}, "zoo_tuning");
  const torch::NoGradGuard no_grad;
  for (const auto& item : trial.method().named_parameters())
    if (item.key().find("gate.") != std::string::npos) Tensor(item.value()).zero_();
  auto* conv = trial.target().named_modules()["conv0"]->as<Convolution>();
  const auto x = torch::rand({2, 3, 6, 6});
  const auto half = conv->forward(x);
  conv->stand_in = nullptr;
  EXPECT_TRUE(at::allclose(half, conv->forward(x) / 2, 1e-4, 1e-6));
}

}  // namespace
}  // namespace ktb::run
