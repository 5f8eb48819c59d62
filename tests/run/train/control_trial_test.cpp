// Whole trials in an environment, from a trial.json to a record.
#include <gmock/gmock.h>

#include <filesystem>
#include <map>
#include <string>

#include "core/base/digest.hpp"
#include "core/base/text_file.hpp"
#include "run/train/trial.hpp"
#include "run/trial_making.hpp"
#include "run/weights/safetensors.hpp"
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
    auto record = run_in(folder_, trial);
    EXPECT_TRUE(record.ok()) << record.reason;
    return record;
  }
  Record run_in(const core::TrialFolder& folder, const core::TrialSpec& trial) {
    const std::atomic<bool> stop = false;
    fs::create_directories(folder.path());
    return run_trial(trial, {folder, {}, at::kCPU}, registry_, stop);
  }
  /// That of another trial of the same results.
  core::TrialFolder beside(const std::string& id) const {
    return core::TrialFolder(own_.path() / id);
  }
  Tensor head() const { return read_safetensors(folder_.weights().string()).tensors.back().second; }

 private:
  const TemporaryFolder own_;
  const core::TrialFolder folder_{own_.path() / "trial"};
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

TEST_F(Trials, SayWhatCannotBeKeptOfAnEnvironment) {
  auto trial = spec({{"episodes", 2}}, 2, 32, core::Selection::kLast);
  trial.keep_weights = false;
  trial.recipe.keep = {core::Keepsake::kWeights, core::Keepsake::kPredictions,
                       core::Keepsake::kFeatures};
  const auto folder = beside("kept");
  const auto record = run_in(folder, trial);
  ASSERT_TRUE(record.ok()) << record.reason;
  EXPECT_EQ(record.weights, core::sha256_file(folder.weights().string()));
  EXPECT_THAT(record.warnings,
              testing::ElementsAre(testing::HasSubstr("predictions are not kept: pole is judged by "
                                                      "acting"),
                                   testing::HasSubstr("features are not kept: ")));
  for (const auto& path : {folder.predictions(), folder.features()}) {
    const auto file = read_safetensors(path.string());
    EXPECT_TRUE(file.tensors.empty());
    EXPECT_THAT(file.metadata.at("none"), testing::HasSubstr("acting"));
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

TEST_F(Trials, UseASourceOnlyIfItsWeightsAreWhole) {
  const auto teacher = spec({{"episodes", 2}}, 2, 32, core::Selection::kLast);
  const auto made = beside("teacher");
  const auto source = run_in(made, teacher);
  ASSERT_EQ(source.weights, core::sha256_file(made.weights().string()));
  auto trial = teacher;
  trial.method.plugin = "policy_distill";
  trial.sources = {{party(), core::SourceMode::kTrained, "teacher", trial.task}};
  run(trial);
  const std::string whole = core::read_text(made.weights());
  std::string flipped = whole;
  flipped.back() = static_cast<char>(flipped.back() ^ 1);
  const std::map<std::string, std::string> harmed = {
      {"cut short", whole.substr(0, whole.size() / 2)},
      {"zeroed", std::string(whole.size(), '\0')},
      {"one bit flipped", flipped},
      {"numbers zeroed", whole.substr(0, whole.size() - 64) + std::string(64, '\0')}};
  for (const auto& [how, bytes] : harmed) {
    core::write_atomically(made.weights(), bytes);
    const auto record = run_in(beside("trial"), trial);
    EXPECT_EQ(record.status, core::Status::kFailed) << how;
    EXPECT_THAT(record.reason, testing::HasSubstr("teacher/weights.safetensors is not the file"));
    EXPECT_THAT(record.reason, testing::HasSubstr("trains this source again"));
  }
  fs::remove(made.weights());
  EXPECT_THAT(run_in(beside("trial"), trial).reason,
              testing::HasSubstr("teacher/weights.safetensors is missing; `ktbench run`"));
  core::write_atomically(made.weights(), flipped);
  auto old = source;
  old.weights.clear();
  core::write_atomically(made.record(), core::record_text(old));
  run(trial);  // a record of an older version tells no digest
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
