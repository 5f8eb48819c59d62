// What all methods of a seed share, and what a record must not depend on.
#include <ATen/ops/equal.h>
#include <gmock/gmock.h>

#include <map>
#include <string>

#include "core/base/version.hpp"
#include "ktb/abi.hpp"
#include "run/train/build.hpp"
#include "run/train/step.hpp"
#include "run/trial_making.hpp"

namespace ktb::run {
namespace {

core::ModelRef mlp(int width) { return model_of("mlp", {{"width", width}}); }

/// A trial of one method on one task; its source starts fresh, so that no other trial is needed.
core::TrialSpec spec(const std::string& method, core::SourceMode mode, std::uint64_t seed) {
  auto trial = trial_of(method, task_of("shapes", "shapes"), mlp(16));
  trial.seed = seed;
  trial.task.augment = {core::Augmentation::kFlip};
  trial.recipe.epochs = 1;
  trial.recipe.batch = 32;
  trial.recipe.optimizer = {.lr = 0.1, .momentum = 0.9};
  if (method != "scratch") trial.sources = {{mlp(32), mode, "", trial.task}};
  return trial;
}

class Sessions : public testing::Test {
 protected:
  std::unique_ptr<Session> session(const std::string& method, std::uint64_t seed = 0) {
    const bool fresh = method == "mergenet" || method == "share";
    const auto mode = fresh ? core::SourceMode::kFreshJoint : core::SourceMode::kTrained;
    return build_session(spec(method, mode, seed), {core::TrialFolder("."), {}, at::kCPU},
                         registry_);
  }

  Registry registry_{{KTB_PLUGIN_DIR, KTB_TEST_PLUGIN_DIR}};
};

TEST_F(Sessions, AllMethodsOfASeedStartFromTheSameWeights) {
  const auto alone = session("scratch");
  const auto expected = alone->transfer.target->named_parameters();
  for (const char* method : {"kd", "dkd", "rkd", "share", "mergenet"}) {
    const auto other = session(method);
    for (const auto& item : other->transfer.target->named_parameters())
      EXPECT_TRUE(at::equal(item.value(), expected[item.key()])) << method << " " << item.key();
  }
  const auto otherwise = session("scratch", 1);
  EXPECT_FALSE(at::equal(otherwise->transfer.target->parameters()[0],
                         alone->transfer.target->parameters()[0]));
}

TEST_F(Sessions, AllMethodsOfASeedSeeTheSameBatches) {
  const auto alone = session("scratch"), other = session("mergenet");
  for (const std::int64_t step : {0, 1, 5, 8}) {
    const auto a = alone->data[0]->train_batch(step), b = other->data[0]->train_batch(step);
    EXPECT_TRUE(at::equal(a.index, b.index)) << step;
    EXPECT_TRUE(at::equal(a.x.at("image"), b.x.at("image"))) << step;
  }
}

TEST_F(Sessions, TheSameTrialTwiceGivesTheSameBytes) {
  for (const char* method : {"scratch", "kd", "mergenet"}) {
    std::map<std::string, Tensor> first;
    for (int round = 0; round < 2; ++round) {
      const auto live = session(method);
      live->train(true);
      LiveStep step(*live);
      for (std::int64_t at = 0; at < 4; ++at) {
        step.begin(at);
        train_step(*live, step);
      }
      for (const auto& [name, tensor] : live->state()) {
        if (round == 0) {
          first[name] = tensor.detach().clone();
        } else {
          EXPECT_TRUE(at::equal(first.at(name), tensor)) << method << " " << name;
        }
      }
    }
  }
}

/// A kernel of 1x1 or of one channel lies the same in both layouts, but its strides say which.
TEST_F(Sessions, KernelsAndMapsLieChannelsLast) {
  constexpr auto kLast = at::MemoryFormat::ChannelsLast;
  for (const auto& model :
       {model_of("resnet", {{"depth", 8}}), model_of("vgg", {{"depth", 8}}),
        model_of("wrn", {{"depth", 16}}), model_of("mergenet_mobilenetv2", {{"width", 0.25}}),
        model_of("shufflenetv1", core::Json::object()),
        model_of("shufflenetv2", core::Json::object())}) {
    auto trial = spec("scratch", core::SourceMode::kTrained, 0);
    trial.target = model;
    const auto live = build_session(trial, {core::TrialFolder("."), {}, at::kCPU}, registry_);
    live->train(true);
    LiveStep step(*live);
    step.begin(0);
    step.enter(LiveStep::Phase::kLosses);
    for (const auto& item : live->transfer.target->named_parameters()) {
      const auto& kernel = item.value();
      if (kernel.dim() != 4 || kernel[0].numel() == 1) continue;
      EXPECT_EQ(kernel.suggest_memory_format(), kLast) << model.plugin << " " << item.key();
    }
    for (const auto& map : step.target().features) {
      if (map.size(2) == 1) continue;
      EXPECT_EQ(map.suggest_memory_format(), kLast) << model.plugin;
    }
  }
}

TEST_F(Sessions, OutputsOfAFrozenSourceAreKeptWhereItsInputsRepeat) {
  auto plain = spec("kd", core::SourceMode::kTrained, 0);
  plain.task.augment.clear();
  plain.sources[0].task = plain.task;
  const auto live = build_session(plain, {core::TrialFolder("."), {}, at::kCPU}, registry_);
  live->train(true);
  LiveStep step(*live);
  const auto per_epoch = live->data[0]->steps_per_epoch();
  for (std::int64_t at = 0; at < per_epoch; ++at) {
    step.begin(at);
    train_step(*live, step);
  }
  const torch::NoGradGuard no_grad;  // a change that shows whether the source was asked again
  for (auto& parameter : live->transfer.sources[0]->parameters()) parameter.zero_();
  step.begin(per_epoch);
  step.enter(LiveStep::Phase::kLosses);
  EXPECT_GT(step.source().pred.abs().max().item<float>(), 0);
}

TEST(Version, HoldsTheAbiKeysOfBothSidesTogether) { EXPECT_EQ(core::host_abi(), KTB_ABI_KEY); }

}  // namespace
}  // namespace ktb::run
