#include "core/store/accept.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "core/base/error.hpp"
#include "core/fake_catalogue.hpp"
#include "core/plan/make_plan.hpp"
#include "core/suite/read_suite.hpp"
#include "temporary_folder.hpp"

namespace ktb::core {
namespace {

namespace fs = std::filesystem;
using testing::Contains;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr const char* kSuite = R"(ktbench = 1
seeds = 2
source_seeds = 1
datasets = "cifar100"
methods = ["scratch", "kd"]
[grid.main]
pairs = ["resnet -> vgg8"]
)";

constexpr const char* kOtherBuild = "made by another build of the harness (1111, now 2222)";

/// A store with what an earlier build left, and plans of a later one.
class AcceptTest : public testing::Test {
 protected:
  Plan plan(const std::string& build, const std::string& torch = "2.11.0",
            const std::string& more = "") {
    const fs::path path = folder_.path() / "suite.toml";
    std::ofstream(path) << kSuite << more;
    PlanOptions options;
    options.build = build;
    options.torch = torch;
    return make_plan(read_suite(path, "", {}), catalogue_, options);
  }

  Plan accepted(Plan plan, const std::vector<std::string>& words) const {
    accept(plan, store_, words);
    return plan;
  }

  void run(const Trial& trial, const std::string& finished = "2026-01-01T00:00:00Z") const {
    const TrialFolder folder = store_.folder(trial.id);
    fs::create_directories(folder.path());
    const StoredTrial stored{trial.spec(), Json::parse(trial.fields())};
    std::ofstream(folder.spec()) << to_json(stored).dump();
    if (trial.keep_weights) std::ofstream(folder.weights()) << "weights";
    Record record;
    record.id = trial.id;
    record.key = trial.key;
    record.status = Status::kOk;
    record.provenance["finished"] = finished;
    store_.save(record);
  }
  Plan run(Plan plan, const std::string& finished = "2026-01-01T00:00:00Z") const {
    for (const auto& trial : plan.trials) run(trial, finished);
    return plan;
  }

  std::size_t open(const Plan& plan) const {
    return static_cast<std::size_t>(
        std::count_if(plan.trials.begin(), plan.trials.end(),
                      [&](const Trial& trial) { return !store_.reusable(trial); }));
  }
  static std::set<std::string> ids(const Plan& plan) {
    std::set<std::string> out;
    for (const auto& trial : plan.trials) out.insert(trial.id);
    return out;
  }
  static std::vector<std::string> notes(const Plan& plan) {
    std::vector<std::string> out;
    for (const auto& trial : plan.trials) out.push_back(trial.accepted);
    return out;
  }
  /// Every id that a plan's parts name is one of its trials, sources first.
  static void expect_whole(const Plan& plan) {
    std::set<std::string> seen;
    for (const auto& trial : plan.trials) {
      for (const auto& need : trial.needs) EXPECT_TRUE(seen.contains(need)) << trial.id;
      EXPECT_EQ(trial.spec().id, trial.id);
      EXPECT_EQ(trial.spec().key, trial.key);
      EXPECT_TRUE(seen.insert(trial.id).second) << trial.id << " stands there twice";
    }
    for (const auto& cell : plan.cells)
      for (const auto& sample : cell.samples) {
        EXPECT_TRUE(seen.contains(sample.trial)) << sample.trial;
        EXPECT_EQ(sample.sources, plan.trial(sample.trial).needs);
      }
  }
  static const Trial& of(const Plan& plan, const std::string& stem) {
    return *std::find_if(plan.trials.begin(), plan.trials.end(),
                         [&](const Trial& trial) { return trial.id.starts_with(stem); });
  }

  const TemporaryFolder folder_;
  const Store store_{folder_.path() / "results"};
  FakeCatalogue catalogue_ = full_catalogue();
};

TEST_F(AcceptTest, RecordsOfAnotherBuildAreReusedWithTheirSources) {
  const Plan old = run(plan("1111"));
  EXPECT_EQ(open(plan("2222")), 5U) << "never silently";
  const Plan now = accepted(plan("2222"), {"build"});
  EXPECT_EQ(open(now), 0U);
  EXPECT_EQ(ids(now), ids(old));
  EXPECT_THAT(notes(now), Each(kOtherBuild));
  EXPECT_EQ(of(now, "kd-").spec().sources.at(0).trial, of(old, "scratch-resnet").id);
  EXPECT_EQ(of(now, "kd-").spec().build, "1111");
  expect_whole(now);
}

TEST_F(AcceptTest, OnlyWhatIsNamedMayDiffer) {
  run(plan("1111", "2.10.0"));
  for (const auto& words : std::vector<std::vector<std::string>>{{}, {"build"}, {"libtorch"}}) {
    const Plan now = accepted(plan("2222"), words);
    EXPECT_EQ(ids(now), ids(plan("2222")));
    EXPECT_THAT(notes(now), Each(IsEmpty()));
  }
  const Plan both = accepted(plan("2222"), {"build", "libtorch"});
  EXPECT_EQ(open(both), 0U);
  EXPECT_THAT(notes(both),
              Each(std::string(kOtherBuild) + " and with another LibTorch (2.10.0, now 2.11.0)"));
  const Plan torch = accepted(plan("1111"), {"libtorch"});
  EXPECT_THAT(notes(torch), Each("made with another LibTorch (2.10.0, now 2.11.0)"));
}

TEST_F(AcceptTest, WhatDiffersOtherwiseRunsFromTheAcceptedSource) {
  const Plan old = run(plan("1111"));
  const Plan now = accepted(plan("2222", "2.11.0", "[method.kd]\ntemperature = 2\n"), {"build"});
  EXPECT_EQ(open(now), 2U);
  const Trial& kd = of(now, "kd-");
  EXPECT_EQ(kd.accepted, "");
  EXPECT_EQ(kd.spec().build, "2222");
  EXPECT_THAT(kd.needs, ElementsAre(of(old, "scratch-resnet").id));
  EXPECT_EQ(Json::parse(kd.fields())["sources"][0]["trial"], of(old, "scratch-resnet").key);
  EXPECT_TRUE(kd.id.ends_with(kd.key.substr(0, 12)));
  expect_whole(now);
  run(kd);
  const Plan again = accepted(plan("2222", "2.11.0", "[method.kd]\ntemperature = 2\n"), {"build"});
  EXPECT_EQ(open(again), 1U) << "what ran from an accepted source is found again";
}

TEST_F(AcceptTest, ASourceThatRanAgainDoesNotCostItsOldDependentsTheirRecords) {
  const Plan old = run(plan("1111"));
  run(of(plan("2222"), "scratch-resnet"));
  const Plan now = accepted(plan("2222"), {"build"});
  EXPECT_EQ(open(now), 0U);
  EXPECT_EQ(of(now, "kd-").id, of(old, "kd-").id);
  EXPECT_THAT(of(now, "kd-").needs, ElementsAre(of(old, "scratch-resnet").id));
  EXPECT_EQ(now.trials.size(), old.trials.size() + 1) << "both sources";
  expect_whole(now);
}

TEST_F(AcceptTest, TheNewestOfSeveralIsTaken) {
  run(plan("1111"), "2026-01-02T00:00:00Z");
  const Plan newest = run(plan("3333"), "2026-01-03T00:00:00Z");
  run(plan("0000"), "2026-01-01T00:00:00Z");
  EXPECT_EQ(ids(accepted(plan("2222"), {"build"})), ids(newest));
  const Plan own = run(plan("2222"), "2025-01-01T00:00:00Z");
  const Plan now = accepted(plan("2222"), {"build"});
  EXPECT_EQ(ids(now), ids(own)) << "its own record goes first";
  EXPECT_THAT(notes(now), Each(IsEmpty()));
}

TEST_F(AcceptTest, WhatFailedOrLostItsWeightsIsNotTaken) {
  const Plan old = run(plan("1111"));
  fs::remove(store_.folder(of(old, "scratch-resnet").id).weights());
  const Plan now = accepted(plan("2222"), {"build"});
  EXPECT_EQ(of(now, "scratch-resnet").id, of(plan("2222"), "scratch-resnet").id);
  EXPECT_EQ(of(now, "kd-").id, of(plan("2222"), "kd-").id) << "its source would be another";
  EXPECT_EQ(of(now, "scratch-vgg8").accepted, kOtherBuild);
  auto record = *store_.load(of(old, "scratch-vgg8").id);
  record.status = Status::kDiverged;
  store_.save(record);
  EXPECT_EQ(of(accepted(plan("2222"), {"build"}), "scratch-vgg8-cifar100-s0").accepted, "");
  expect_whole(now);
}

TEST_F(AcceptTest, AStoredPlanKeepsWhatWasAccepted) {
  run(plan("1111"));
  const Plan now = accepted(plan("2222"), {"build"});
  store_.save_plan(now);
  EXPECT_THAT(notes(*store_.load_plan(now.suite, now.profile)), Each(kOtherBuild));
}

TEST_F(AcceptTest, AnUnknownWordIsRefused) {
  Plan now = plan("2222");
  try {
    accept(now, store_, {"compiler"});
    FAIL() << "it was taken";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("known are build and libtorch"));
  }
}

}  // namespace
}  // namespace ktb::core
