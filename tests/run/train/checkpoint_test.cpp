// A trial that went on from a snapshot ends in the bits of one that never stopped.
#include <gmock/gmock.h>
#include <torch/types.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "core/base/text_file.hpp"
#include "run/train/checkpoint.hpp"
#include "run/train/loop.hpp"
#include "run/train/trial.hpp"
#include "run/trial_making.hpp"
#include "run/weights/safetensors.hpp"
#include "temporary_folder.hpp"

namespace ktb::run {
namespace {

using testing::HasSubstr;

core::ModelRef mlp(int width) { return model_of("mlp", {{"width", width}}); }

/// Three epochs with what a recipe can have that lasts: momentum, a schedule, a best epoch.
core::TrialSpec on_shapes(const std::string& method) {
  auto trial = trial_of(method, task_of("shapes", "shapes"), mlp(16));
  trial.recipe.epochs = 3;
  trial.recipe.batch = 32;
  trial.recipe.optimizer = {.lr = 0.1, .momentum = 0.9};
  trial.recipe.schedule.name = "cosine";
  trial.recipe.validation = 0.2;
  trial.recipe.select = core::Selection::kBestValidation;
  const bool joint = method == "mergenet";
  const auto mode = joint ? core::SourceMode::kFreshJoint : core::SourceMode::kTrained;
  if (method != "scratch") trial.sources = {{mlp(32), mode, "", trial.task}};
  return trial;
}

core::TrialSpec on_a_pole(const std::string& learner) {
  const core::Json options = {{"learner", learner}, {"episodes", 5}, {"warmup", 40}, {"sync", 7},
                              {"horizon", 16},      {"passes", 2},   {"n_step", 3},  {"copies", 4}};
  auto trial = trial_of("scratch", task_of("pole", "cartpole", options),
                        model_of("state_mlp", {{"widths", {16, 16}}}));
  trial.recipe.steps = 24;
  trial.recipe.batch = 16;
  trial.recipe.optimizer = {.name = "adamw", .lr = 1e-3};
  trial.recipe.channels_last = false;
  return trial;
}

class Checkpoints : public testing::Test {
 protected:
  struct End {
    std::map<std::string, Tensor> state;
    LoopResult result;
    std::vector<core::Json> curve;
    std::map<std::int64_t, Tensors> kept;  ///< by the number of steps done
  };

  End run(const core::TrialSpec& trial, std::optional<Snapshot> from = {}, bool keep = false) {
    const auto session = build_session(trial, {core::TrialFolder("."), {}, at::kCPU}, registry_);
    End end;
    LoopHooks hooks;
    hooks.curve = [&](core::Json line) {
      line.erase("seconds");
      end.curve.push_back(line);
    };
    hooks.due = [&](auto, auto) { return keep; };
    hooks.keep = [&](const Snapshot& all, std::int64_t done) { end.kept[done] = all.tensors(); };
    hooks.from = std::move(from);
    end.result = run_loop(*session, loop_plan(trial.recipe, *session), hooks);
    for (const auto& [name, tensor] : session->state()) end.state[name] = tensor.detach().clone();
    return end;
  }

  void expect_same(const End& whole, const End& resumed, const std::string& what) {
    ASSERT_EQ(whole.state.size(), resumed.state.size());
    for (const auto& [name, tensor] : whole.state)
      EXPECT_TRUE(tensor.equal(resumed.state.at(name))) << what << ": " << name;
    EXPECT_EQ(whole.result.terms, resumed.result.terms) << what;
    EXPECT_EQ(whole.result.validation, resumed.result.validation) << what;
    EXPECT_EQ(whole.result.selected_step, resumed.result.selected_step) << what;
    EXPECT_EQ(whole.result.examples, resumed.result.examples) << what;
    ASSERT_LE(resumed.curve.size(), whole.curve.size());
    const auto skipped = whole.curve.size() - resumed.curve.size();
    for (std::size_t i = 0; i < resumed.curve.size(); ++i)
      EXPECT_EQ(whole.curve[skipped + i], resumed.curve[i]) << what;
  }

  /// From the snapshot after every step to the end.
  void expect_resumes(const core::TrialSpec& trial, const std::string& what) {
    const auto whole = run(trial);
    const auto keeping = run(trial, {}, true);
    expect_same(whole, keeping, what + ", looked at");
    ASSERT_GT(keeping.kept.size(), 10U) << what;
    for (const auto& [done, kept] : keeping.kept)
      expect_same(whole, run(trial, Snapshot(kept)), what + " after " + std::to_string(done));
  }

  Registry registry_{{KTB_PLUGIN_DIR, KTB_TEST_PLUGIN_DIR}};
};

TEST_F(Checkpoints, OfTrainingAloneLoseNoBit) { expect_resumes(on_shapes("scratch"), "scratch"); }
TEST_F(Checkpoints, WithAFrozenSourceLoseNoBit) { expect_resumes(on_shapes("kd"), "kd"); }
TEST_F(Checkpoints, WithASourceThatLearnsLoseNoBit) {
  expect_resumes(on_shapes("mergenet"), "mergenet");
}
TEST_F(Checkpoints, OfDeepQLearningLoseNoBit) { expect_resumes(on_a_pole("dqn"), "dqn"); }
TEST_F(Checkpoints, OfPolicyGradientsLoseNoBit) { expect_resumes(on_a_pole("ppo"), "ppo"); }

TEST_F(Checkpoints, OfAnotherNetworkAreRefused) {
  const auto kept = run(on_shapes("scratch"), {}, true).kept.begin()->second;
  auto other = on_shapes("scratch");
  other.target = mlp(17);
  EXPECT_THAT([&] { run(other, Snapshot(kept)); },
              testing::ThrowsMessage<Misfit>(HasSubstr("another shape")));
}

class CheckpointFiles : public testing::Test {
 protected:
  Checkpoint file(const std::string& key = "a") { return {folder_, key, {}}; }
  void keep(const std::string& key) {
    Snapshot all;
    all.in_place("weight", torch::arange(100, at::kFloat));
    file(key).keep(all, 7);
  }
  std::string path() const { return folder_.checkpoint().string(); }

  const TemporaryFolder own_;
  const core::TrialFolder folder_{own_.path()};
};

TEST_F(CheckpointFiles, AreOfOneTrial) {
  EXPECT_FALSE(file().load());
  keep("a");
  ASSERT_TRUE(file().load());
  EXPECT_TRUE(file().load()->tensors().at("weight").equal(torch::arange(100, at::kFloat)));
  EXPECT_FALSE(file("b").load()) << "its key is another";
  file().forget();
  EXPECT_FALSE(file().load());
}

TEST_F(CheckpointFiles, ThatAreDamagedAreSaidAndLeftOut) {
  keep("a");
  const auto whole = core::read_text(path());
  const auto refused = [&](std::string bytes) {
    std::ofstream(path(), std::ios::binary | std::ios::trunc) << bytes;
    testing::internal::CaptureStderr();
    EXPECT_FALSE(file().load());
    EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("starts from its first step"));
  };
  auto flipped = whole;
  flipped[flipped.size() - 5] ^= 1;
  refused(flipped);
  refused(whole.substr(0, whole.size() - 9));
  refused(std::string(whole.size(), '\0'));
  refused("");
}

TEST_F(CheckpointFiles, ThatCannotBeWrittenLeaveTheOneBefore) {
  keep("a");
  std::filesystem::create_directory(path() + ".part" + std::to_string(getpid()));
  testing::internal::CaptureStderr();
  keep("a");
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("no checkpoint was kept"));
  EXPECT_TRUE(file().load());
}

TEST_F(CheckpointFiles, AreForgottenOnceTheRecordStands) {
  Registry registry({KTB_PLUGIN_DIR, KTB_TEST_PLUGIN_DIR});
  const auto trial = on_shapes("scratch");
  const std::atomic<bool> stop = false;
  const Place place{folder_, {}, at::kCPU, {.minutes = 1e-9}};
  EXPECT_TRUE(run_trial(trial, place, registry, stop).ok());
  EXPECT_FALSE(std::filesystem::exists(path()));
}

TEST_F(CheckpointFiles, OfATrialThatIsStoppedAreWhatTheNextGoesOnFrom) {
  Registry registry({KTB_PLUGIN_DIR, KTB_TEST_PLUGIN_DIR});
  const auto trial = on_shapes("kd");
  const std::atomic<bool> go_on = false;
  const TemporaryFolder other;
  const auto whole =
      run_trial(trial, {core::TrialFolder(other.path()), {}, at::kCPU}, registry, go_on);
  // Stops once the first epoch's line stands in the curve.
  std::atomic<bool> stop = false;
  std::jthread watch([&](const std::stop_token& end) {
    while (!end.stop_requested() && !stop)
      if (std::ifstream curve(folder_.curve()); curve.peek() == '{') stop = true;
  });
  const auto stopped = run_trial(trial, {folder_, {}, at::kCPU}, registry, stop);
  watch.request_stop();
  if (stopped.ok()) GTEST_SKIP() << "it was over before it was stopped";
  EXPECT_EQ(stopped.status, core::Status::kInterrupted);
  const auto resumed = run_trial(trial, {folder_, {}, at::kCPU}, registry, go_on);
  ASSERT_TRUE(resumed.ok()) << resumed.reason;
  EXPECT_EQ(resumed.cost.at("resumed"), 1);
  EXPECT_EQ(resumed.metrics, whole.metrics);
  EXPECT_EQ(resumed.terms, whole.terms);
  EXPECT_EQ(resumed.selected, whole.selected);
}

}  // namespace
}  // namespace ktb::run
