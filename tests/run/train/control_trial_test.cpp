// Whole trials in an environment, from a trial.json to a record.
#include <gmock/gmock.h>

#include <filesystem>
#include <string>

#include "run/train/safetensors.hpp"
#include "run/train/trial.hpp"
#include "run/trial_making.hpp"
#include "temporary_folder.hpp"

namespace ktb::run {
namespace {

using core::Json, core::Record;
namespace fs = std::filesystem;

core::ModelRef party() { return model_of("state_mlp", {{"widths", {64, 64}}}); }

core::TrialSpec spec(const Json& options, int steps, int batch, core::Selection select) {
  auto trial = trial_of("scratch", task_of("pole", "cartpole", options), party());
  trial.keep_weights = true;
  trial.recipe.steps = steps;
  trial.recipe.batch = batch;
  trial.recipe.optimizer = {.name = "adamw", .lr = 1e-3};
  trial.recipe.schedule.name = "linear";
  trial.recipe.clip = 10;
  trial.recipe.validation = select == core::Selection::kLast ? 0 : 50;
  trial.recipe.select = select;
  trial.recipe.channels_last = false;
  return trial;
}

class Trials : public testing::Test {
 protected:
  Record run(const core::TrialSpec& trial) {
    const std::atomic<bool> stop = false;
    const Place place{core::TrialFolder(folder_), {}, at::kCPU};
    auto record = run_trial(trial, place, registry_, stop);
    EXPECT_TRUE(record.ok()) << record.reason;
    return record;
  }
  Tensor head() const {
    return read_safetensors(core::TrialFolder(folder_).weights().string()).tensors.back().second;
  }

 private:
  const TemporaryFolder own_;
  const fs::path folder_ = own_.path();
  Registry registry_{{KTB_PLUGIN_DIR}};
};

TEST_F(Trials, OfAnEnvironmentComeOutTheSame) {
  for (const std::string learner : {"dqn", "ppo"}) {
    const auto trial =
        spec({{"learner", learner}, {"episodes", 10}}, 60, 32, core::Selection::kLast);
    const auto one = run(trial);
    const auto weights = head();
    const auto other = run(trial);
    EXPECT_EQ(one.metrics, other.metrics);
    EXPECT_EQ(one.terms, other.terms);
    EXPECT_EQ(one.examples, other.examples);
    EXPECT_TRUE(weights.equal(head()));
    EXPECT_GT(one.examples.at("transitions"), 0);
    EXPECT_GT(one.cost.at("transitions_per_second"), 0);
    EXPECT_EQ(one.metrics.at("episodes"), 10);
    EXPECT_NEAR(one.floor.at("chance"), 22, 15);
  }
}

TEST_F(Trials, OfPolicyDistillationActAndImitate) {
  auto trial = spec({{"episodes", 5}}, 20, 32, core::Selection::kLast);
  trial.method.plugin = "policy_distill";
  trial.method.options = {{"task_weight", 1.0}};
  trial.sources = {{party(), core::SourceMode::kTrained, "", trial.task}};
  const auto record = run(trial);
  EXPECT_GT(record.terms.at("task"), 0);
  EXPECT_GT(record.terms.at("policy"), 0);
}

TEST_F(Trials, SlowPolicyHoldsThePole) {
  const Json options = {{"learner", "ppo"}, {"horizon", 32}, {"passes", 20},
                        {"gamma", 0.98},    {"gae", 0.8},    {"entropy", 0.0}};
  EXPECT_GE(run(spec(options, 5000, 256, core::Selection::kLast)).metrics.at("return"), 475);
}

TEST_F(Trials, SlowValuesHoldThePole) {
  const auto record = run(spec(Json::object(), 20000, 64, core::Selection::kBestValidation));
  EXPECT_GE(record.metrics.at("return"), 475);
}

}  // namespace
}  // namespace ktb::run
