// Whole trials in an environment, from a trial.json to a record.
#include <gmock/gmock.h>

#include <filesystem>
#include <string>

#include "run/train/safetensors.hpp"
#include "run/train/trial.hpp"
#include "temporary_folder.hpp"

namespace ktb::run {
namespace {

using core::Json, core::Record;
namespace fs = std::filesystem;

Json task(Json options) {
  return {{"dataset", "pole"}, {"plugin", "cartpole"}, {"options", std::move(options)}};
}

Json party() {
  return {{"name", "mlp"}, {"plugin", "state_mlp"}, {"options", {{"widths", {64, 64}}}}};
}

Json recipe(int steps, int batch, const std::string& select) {
  return {{"steps", steps},
          {"batch", batch},
          {"optimizer", {{"name", "adamw"}, {"lr", 1e-3}}},
          {"schedule", {{"name", "linear"}}},
          {"clip", 10.0},
          {"precision", "fp32"},
          {"validation", select == "last" ? 0.0 : 50.0},
          {"select", select},
          {"channels_last", false}};
}

Json spec(const Json& options, const Json& recipe) {
  return {{"id", "trial"},
          {"key", "trial"},
          {"seed", 0},
          {"axes", Json::object()},
          {"keep_weights", true},
          {"task", task(options)},
          {"target", party()},
          {"sources", Json::array()},
          {"method", {{"name", "m"}, {"plugin", "scratch"}, {"options", Json::object()}}},
          {"plus", Json::array()},
          {"recipe", recipe}};
}

class Trials : public testing::Test {
 protected:
  Record run(const Json& trial) {
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
    const auto trial = spec({{"learner", learner}, {"episodes", 10}}, recipe(60, 32, "last"));
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
  auto trial = spec({{"episodes", 5}}, recipe(20, 32, "last"));
  trial["method"]["plugin"] = "policy_distill";
  trial["method"]["options"] = {{"task_weight", 1.0}};
  auto source = party();
  source["mode"] = "trained";
  source["task"] = trial["task"];
  trial["sources"] = Json::array({source});
  const auto record = run(trial);
  EXPECT_GT(record.terms.at("task"), 0);
  EXPECT_GT(record.terms.at("policy"), 0);
}

TEST_F(Trials, SlowPolicyHoldsThePole) {
  const Json options = {{"learner", "ppo"}, {"horizon", 32}, {"passes", 20},
                        {"gamma", 0.98},    {"gae", 0.8},    {"entropy", 0.0}};
  EXPECT_GE(run(spec(options, recipe(5000, 256, "last"))).metrics.at("return"), 475);
}

TEST_F(Trials, SlowValuesHoldThePole) {
  const auto record = run(spec(Json::object(), recipe(20000, 64, "best-validation")));
  EXPECT_GE(record.metrics.at("return"), 475);
}

}  // namespace
}  // namespace ktb::run
