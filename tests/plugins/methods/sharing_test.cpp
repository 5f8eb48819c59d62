// Methods that copy, tie or share weights: fine-tuning, parameter sharing, hard sharing.
#include <ATen/ops/allclose.h>
#include <ATen/ops/equal.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "run/tiny.hpp"

namespace ktb::run {
namespace {

using testing::StartsWith;
using Names = std::vector<std::string>;

TEST(Finetune, NeedsTheSameTrunk) {
  const auto method = method_of("finetune");
  auto pairing = Rig(tiny("rkd")).pairing();
  EXPECT_EQ(method->unsuited(pairing),
            "architectures differ: target cannot start from the weights of source");
  auto& source = pairing.sources[0];
  source = *pairing.target;
  EXPECT_EQ(method->unsuited(pairing), "");
  source.task.outputs = 7;  // another head on the same trunk
  source.model.parameters += 2 * (source.model.pooled + 1);
  EXPECT_EQ(method->unsuited(pairing), "");
  EXPECT_TRUE(method->use(0).starts_target);
}

TEST(Share, CropsAndPads) {
  auto setting = tiny("share", {{"f", std::int64_t{2}}}, 0);
  setting.mode = Mode::kTrained;
  Rig rig(setting);
  rig.steps();
  const auto weight = rig.target().site("hidden.weight").detach();  // [8, 6]
  const auto given = rig.source().site("fc.weight").detach();       // [5, 12]
  EXPECT_TRUE(at::equal(weight.slice(0, 0, 5), given.slice(1, 0, 6)));
  EXPECT_EQ(weight.slice(0, 5).abs().sum().item<double>(), 0);
  weight.zero_();
  rig.steps();
  EXPECT_EQ(weight.abs().sum().item<double>(), 0) << "step 1 of a cycle of 2 must not copy";
  rig.steps();
  EXPECT_GT(weight.abs().sum().item<double>(), 0);
}

TEST(Share, TiedLayersStayEqual) {
  auto setting = tiny("share", {{"tie", true}}, 0.1, 8);
  setting.from = {"hidden.weight"};
  Rig rig(setting);
  const auto own = rig.target().site("hidden.weight"), other = rig.source().site("hidden.weight");
  const auto before = other.detach().clone();
  rig.steps();
  EXPECT_TRUE(at::equal(own, other));
  EXPECT_FALSE(at::equal(other, before));
  auto frozen = rig.pairing();
  frozen.sources[0].mode = Mode::kTrained;
  EXPECT_NE(rig.method().unsuited(frozen), "");
  EXPECT_THROW(Rig(tiny("share", {{"tie", true}}, 0.1, 8)), Error) << "the head's shape differs";
}

TEST(Share, CopiesAtSeveralSites) {
  const auto source = kit_model(4, 2);
  Rig rig({.method = "share",
           .mode = Mode::kTrained,
           .into = {"conv1.weight", "conv2.weight"},
           .from = {"conv1.weight", "conv2.weight"},
           .source = source,
           .recipe = plain_sgd(0)});
  rig.steps(1);
  for (const auto* site : {"conv1.weight", "conv2.weight"})
    EXPECT_TRUE(at::equal(rig.target().site(site), source->site(site))) << site;
  EXPECT_THROW(Rig({.method = "share", .into = {"conv1.weight", "conv2.weight"}}), Error);
}

/// Names of the target's tensors that some steps change.
Names moved(const Setting& setting) {
  Rig rig(setting);
  const auto state = state_of(rig.target());
  const auto before = copy_of(state);
  rig.steps(3);
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
  Rig rig(setting);
  rig.steps(1);
  EXPECT_FALSE(rig.target().named_modules()["dropout"]->is_training());
  EXPECT_TRUE(rig.target().named_modules()["fc"]->is_training());
  EXPECT_TRUE(at::equal(rig.target().site("conv2.weight"), setting.source->site("conv2.weight")));
}

/// The source's own task has seven classes and other batches.
Setting two_tasks(Mode mode = Mode::kFreshJoint) {
  return {.method = "hard_sharing",
          .mode = mode,
          .source = kit_model(4, 2, 7),
          .source_data = kit_data(5)};
}

TEST(HardSharing, OneTrunkServesBoth) {
  Rig rig(two_tasks());
  const auto source_head = rig.source().site("fc.weight").detach().clone();
  rig.steps(3);
  const auto own = state_of(rig.target()), other = state_of(rig.source());
  for (std::size_t i = 0; i < own.size(); ++i) {
    if (own[i].first.starts_with("fc.")) continue;
    EXPECT_EQ(own[i].second.const_data_ptr(), other[i].second.const_data_ptr()) << own[i].first;
  }
  EXPECT_FALSE(at::equal(rig.source().site("fc.weight"), source_head)) << "its head must learn";
  for (const auto& item : rig.source().named_parameters())
    EXPECT_EQ(item.value().grad().defined(), rig.source().is_head(item.key())) << item.key();
}

TEST(HardSharing, GradientsOfBothTasksMeetInTheTrunk) {
  const auto trunk_gradient = [](std::vector<double> weights) {
    auto setting = two_tasks();
    setting.options["weights"] = std::move(weights);
    setting.recipe = plain_sgd(0);
    Rig rig(setting);
    rig.steps(1);
    return rig.target().site("conv0.weight").grad().clone();
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
    return Rig(setting).target().site("conv2.weight").detach().clone();
  };
  EXPECT_TRUE(at::equal(start(Mode::kFreshJoint), kit_model(4, 1)->site("conv2.weight")));
  EXPECT_TRUE(at::equal(start(Mode::kTrainedJoint), kit_model(4, 2)->site("conv2.weight")));
}

TEST(HardSharing, NeedsLikeTrunksAndLikeInputs) {
  const auto method = method_of("hard_sharing");
  auto pairing = Rig(tiny("hard_sharing", {}, 0.1, 8)).pairing();
  EXPECT_EQ(method->unsuited(pairing), "");
  pairing.sources[0].task.inputs[0].space = "words";
  pairing.sources[0].task.name = "gloss";
  EXPECT_EQ(method->unsuited(pairing), "target cannot read the inputs of gloss");
  pairing = Rig(tiny("mergenet")).pairing();
  EXPECT_THAT(method->unsuited(pairing), StartsWith("architectures differ"));
}

}  // namespace
}  // namespace ktb::run
