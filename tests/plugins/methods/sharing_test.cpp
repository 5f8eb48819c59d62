// Methods that copy, tie or share weights: fine-tuning, parameter sharing, hard sharing.
#include <ATen/ops/allclose.h>
#include <ATen/ops/equal.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "run/rig.hpp"
#include "run/setting.hpp"

namespace ktb::run {
namespace {

using testing::StartsWith;
using Names = std::vector<std::string>;

TEST(Finetune, NeedsTheSameTrunk) {
  Rig rig;
  rig.take("finetune", {});
  auto pairing = rig.pairing(Mode::kTrained);
  EXPECT_EQ(rig.method->unsuited(pairing),
            "architectures differ: target cannot start from the weights of source");
  auto& source = pairing.sources[0];
  source = *pairing.target;
  EXPECT_EQ(rig.method->unsuited(pairing), "");
  source.task.outputs = 7;  // another head on the same trunk
  source.model.parameters += 2 * (source.model.pooled + 1);
  EXPECT_EQ(rig.method->unsuited(pairing), "");
  EXPECT_TRUE(rig.method->use(0).starts_target);
}

TEST(Share, CropsAndPads) {
  Rig rig;  // hidden.weight [8, 6] from fc.weight [5, 12]
  rig.take("share", {{"f", std::int64_t{2}}}, Mode::kTrained);
  rig.lr = 0;
  rig.step();
  const auto weight = rig.target->hidden->weight.detach();
  EXPECT_TRUE(at::equal(weight.slice(0, 0, 5), rig.source->fc->weight.slice(1, 0, 6)));
  EXPECT_EQ(weight.slice(0, 5).abs().sum().item<double>(), 0);
  weight.zero_();
  rig.step();
  EXPECT_EQ(weight.abs().sum().item<double>(), 0) << "step 1 of a cycle of 2 must not copy";
  rig.step();
  EXPECT_GT(weight.abs().sum().item<double>(), 0);
}

TEST(Share, TiedLayersStayEqual) {
  Rig rig(8, 8);
  rig.from = "hidden.weight";
  rig.take("share", {{"tie", true}});
  const auto before = rig.source->hidden->weight.detach().clone();
  rig.step();
  EXPECT_TRUE(at::equal(rig.target->hidden->weight, rig.source->hidden->weight));
  EXPECT_FALSE(at::equal(rig.source->hidden->weight, before));
  EXPECT_NE(rig.method->unsuited(rig.pairing(Mode::kTrained)), "");
  rig.from = "fc.weight";
  EXPECT_THROW(rig.take("share", {{"tie", true}}), Error);
}

TEST(Share, CopiesAtSeveralSites) {
  const auto source = kit_model(4, 2);
  Bout bout({.method = "share",
             .mode = Mode::kTrained,
             .into = {"conv1.weight", "conv2.weight"},
             .from = {"conv1.weight", "conv2.weight"},
             .source = source,
             .recipe = plain_sgd(0)});
  bout.steps(1);
  for (const auto* site : {"conv1.weight", "conv2.weight"})
    EXPECT_TRUE(at::equal(bout.target().site(site), source->site(site))) << site;
  EXPECT_THROW(Bout({.method = "share", .into = {"conv1.weight", "conv2.weight"}}), Error);
}

/// Names of the target's tensors that some steps change.
Names moved(const Setting& setting) {
  Bout bout(setting);
  const auto state = state_of(bout.target());
  const auto before = copy_of(state);
  bout.steps(3);
  Names changed;
  for (std::size_t i = 0; i < state.size(); ++i)
    if (!at::equal(state[i].second, before[i])) changed.push_back(state[i].first);
  return changed;
}

TEST(Finetune, FrozenFeaturesTrainTheHeadAlone) {
  Setting setting{.method = "finetune", .mode = Mode::kTrained, .source = kit_model(4, 2, 7)};
  EXPECT_THAT(moved(setting), testing::Contains("bn1.running_mean"));
  setting.options = {{"freeze", true}};
  EXPECT_THAT(moved(setting), testing::ElementsAre("fc.weight", "fc.bias"));
  // In evaluation mode, so that dropout in the trunk draws nothing either.
  Bout bout(setting);
  bout.steps(1);
  EXPECT_FALSE(bout.target().named_modules()["dropout"]->is_training());
  EXPECT_TRUE(bout.target().named_modules()["fc"]->is_training());
  EXPECT_TRUE(at::equal(bout.target().site("conv2.weight"), setting.source->site("conv2.weight")));
}

/// The source's own task has seven classes and other batches.
Setting two_tasks(Mode mode = Mode::kFreshJoint) {
  return {.method = "hard_sharing",
          .mode = mode,
          .source = kit_model(4, 2, 7),
          .source_data = kit_data(5)};
}

TEST(HardSharing, OneTrunkServesBoth) {
  Bout bout(two_tasks());
  const auto source_head = bout.source().site("fc.weight").detach().clone();
  bout.steps(3);
  const auto own = state_of(bout.target()), other = state_of(bout.source());
  for (std::size_t i = 0; i < own.size(); ++i) {
    if (own[i].first.starts_with("fc.")) continue;
    EXPECT_EQ(own[i].second.const_data_ptr(), other[i].second.const_data_ptr()) << own[i].first;
  }
  EXPECT_FALSE(at::equal(bout.source().site("fc.weight"), source_head)) << "its head must learn";
  for (const auto& item : bout.source().named_parameters())
    EXPECT_EQ(item.value().grad().defined(), bout.source().is_head(item.key())) << item.key();
}

TEST(HardSharing, GradientsOfBothTasksMeetInTheTrunk) {
  const auto trunk_gradient = [](std::vector<double> weights) {
    auto setting = two_tasks();
    setting.options["weights"] = std::move(weights);
    setting.recipe = plain_sgd(0);
    Bout bout(setting);
    bout.steps(1);
    return bout.target().site("conv0.weight").grad().clone();
  };
  const auto own = trunk_gradient({1, 0}), other = trunk_gradient({0, 1});
  EXPECT_GT(own.abs().max().item<double>(), 0);
  EXPECT_GT(other.abs().max().item<double>(), 0);
  EXPECT_TRUE(at::allclose(trunk_gradient({}), (own + other) / 2, 1e-4, 1e-7));
  EXPECT_THROW(trunk_gradient({1}), Error);
}

TEST(HardSharing, ATrainedSourceBringsTheTrunk) {
  const auto start = [](Mode mode) {
    auto setting = two_tasks(mode);
    setting.target = kit_model(4, 1), setting.source = kit_model(4, 2, 7);
    return Bout(setting).target().site("conv2.weight").detach().clone();
  };
  EXPECT_TRUE(at::equal(start(Mode::kFreshJoint), kit_model(4, 1)->site("conv2.weight")));
  EXPECT_TRUE(at::equal(start(Mode::kTrainedJoint), kit_model(4, 2)->site("conv2.weight")));
}

TEST(HardSharing, NeedsLikeTrunksAndLikeInputs) {
  Rig rig(8, 8);
  rig.take("hard_sharing", {});
  auto pairing = rig.pairing(Mode::kFreshJoint);
  EXPECT_EQ(rig.method->unsuited(pairing), "");
  pairing.sources[0].task.inputs[0].space = "words";
  pairing.sources[0].task.name = "gloss";
  EXPECT_EQ(rig.method->unsuited(pairing), "target cannot read the inputs of gloss");
  pairing = Rig(8, 12).pairing(Mode::kFreshJoint);
  EXPECT_THAT(rig.method->unsuited(pairing), StartsWith("architectures differ"));
}

}  // namespace
}  // namespace ktb::run
