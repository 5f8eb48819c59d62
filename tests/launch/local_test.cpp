#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "core/base/digest.hpp"
#include "core/plan/plan.hpp"
#include "core/store/store.hpp"
#include "launch/local.hpp"

namespace {

using namespace ktb;
using core::Json;
using core::Status;
using testing::ElementsAre;
using testing::HasSubstr;
namespace fs = std::filesystem;

/// Does what the trial's method is called, in the place of a worker. `@SERVE@`: how it serves.
constexpr auto kWorker = R"sh(#!/bin/sh
if [ "$1" = serve ]; then @SERVE@; fi
dir=$2
id=$(basename "$dir")
echo "$id" >> "$(dirname "$dir")/started"
record() {
  printf '{"id":"%s","key":"key-%s","status":"ok","metrics":{"top1":0.5},"examples":{"train":100},' "$id" "$id"
  printf '"cost":{"train_seconds":1,"total_seconds":2}}'
}
case "$id" in
  segfault*) echo before; echo ==ktb-stack==; echo '#0 in step'; echo ==ktb-stack==; kill -SEGV $$ ;;
  exits*) echo 'leaving now'; exit 5 ;;
  hangs*) sleep 30 ;;
  leaves*) setsid sh -c 'echo $$ > "$0/left"; exec sleep 60' "$dir" & while [ ! -s "$dir/left" ]; do sleep 0.02; done
    record > "$dir/record.json" ;;
  feeds*) head -c 300000000 /dev/zero | tail > /dev/null; sleep 5 ;;
  colours*) printf '\033[31mno \377 device\033[0m\n\n'; exit 2 ;;
  shares*) echo "$CUDA_VISIBLE_DEVICES" >> "$(dirname "$dir")/gpus"; touch "$dir/now"
    now() { ls "$(dirname "$dir")/"*/now | wc -l; }
    for i in $(seq 150); do [ "$(now)" -ge "$(cat "$dir/../../together")" ] && break; sleep 0.02; done
    sleep 0.2; now >> "$(dirname "$dir")/most"; sleep 0.2
    rm "$dir/now"; record > "$dir/record.json" ;;
  crowded*) if [ -f "$dir/tried" ]; then record > "$dir/record.json"; else touch "$dir/tried"
    record | sed s/ok/out-of-memory/ > "$dir/record.tmp"; mv "$dir/record.tmp" "$dir/record.json"; exit 1; fi ;;
  killed*) kill -KILL $$ ;;
  stubborn*) trap '' TERM; touch "$dir/armed"; sleep 0.5; touch "$dir/weights.safetensors"; record > "$dir/record.json" ;;
  twice*) if [ -f "$dir/tried" ]; then record > "$dir/record.json"; else touch "$dir/tried"; kill -KILL $$; fi ;;
  *) touch "$dir/weights.safetensors"; record > "$dir/record.tmp"; mv "$dir/record.tmp" "$dir/record.json" ;;
esac
)sh";

/// Not for a process that ended and that nobody has asked about.
bool runs(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string number, name, state;
  return file >> number >> name >> state && state != "Z";
}

/// How trials are started: each anew, or forked by a worker that stays, or one after another by one
/// that stays on a device.
enum class Start { kAnew, kForked, kStaying };

class LocalPoolTest : public testing::TestWithParam<Start> {
 protected:
  LocalPoolTest()
      : root_(testing::TempDir() + "ktb_local_" + std::to_string(::getpid())),
        store_((fs::remove_all(root_), root_)),
        costs_(root_ + "/cache/costs.jsonl") {
    fs::create_directories(root_);
    worker_ = root_ + "/worker";
    const std::string place = "@SERVE@";
    std::string script = kWorker;
    script.replace(script.find(place), place.size(),
                   GetParam() == Start::kAnew     ? "exit 2"
                   : GetParam() == Start::kForked ? "exec " KTB_BIN_DIR "/fake_server"
                                                  : "exec " KTB_BIN_DIR "/fake_server stays");
    std::ofstream(worker_) << script;
    fs::permissions(worker_, fs::perms::owner_all);
  }
  ~LocalPoolTest() override { fs::remove_all(root_); }
  void SetUp() override {
#ifdef __SANITIZE_THREAD__
    if (GetParam() != Start::kAnew)
      GTEST_SKIP() << "TSan has a thread of its own, beside which no server forks";
#endif
  }

  void add(const std::string& id, std::vector<std::string> needs = {},
           const core::Limits& limits = {}) {
    core::Trial& trial = plan_.trials.emplace_back();
    core::TrialSpec spec;
    spec.id = trial.id = id;
    spec.key = trial.key = "key-" + id;
    spec.axes = {{"method", id}, {"pair", "a -> b"}};
    spec.task.plugin = "d";
    spec.task.train = 100;
    spec.target.emplace().plugin = "m";
    spec.method.plugin = id;
    spec.recipe.epochs = 1;
    spec.recipe.batch = 10;
    spec.limits = limits;
    trial.needs = std::move(needs);
    trial.describe(std::move(spec), "{}");
  }

  launch::Tally run(int jobs = 2) {
    const auto* device = GetParam() == Start::kStaying ? "mock" : "cpu";
    return run(launch::PoolOptions{jobs, 1, device, worker_, {}});
  }
  launch::Tally run(const launch::PoolOptions& options) {
    std::unique_ptr<std::FILE, int (*)(std::FILE*)> out(std::fopen((root_ + "/out").c_str(), "w"),
                                                        std::fclose);
    const auto trials = launch::trials_to_run(plan_, store_);
    launch::Progress progress(out.get(), trials.size());
    return launch::LocalPool(trials, store_, costs_, progress, options).run();
  }

  static void wait_for(const fs::path& file) {
    for (int tries = 0; !fs::exists(file) && tries < 12000; ++tries)
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  /// Those that share a GPU wait for so many, and look whether there are more.
  void expect_together(int trials) const { std::ofstream(root_ + "/together") << trials; }
  core::Record record(const std::string& id) const { return store_.load(id).value(); }
  std::vector<std::string> started() const {
    std::vector<std::string> ids;
    std::ifstream file(root_ + "/trials/started");
    for (std::string id; std::getline(file, id);) ids.push_back(id);
    return ids;
  }

  std::string root_, worker_;
  core::Store store_;
  launch::CostBook costs_;
  core::Plan plan_;
};

TEST_P(LocalPoolTest, RunsSourcesBeforeWhatNeedsThem) {
  add("source");
  add("kd", {"source"});
  EXPECT_EQ(run().ok, 2U);
  EXPECT_THAT(started(), ElementsAre("source", "kd"));
}

TEST_P(LocalPoolTest, SpreadsTrialsOverGpusTheLeastLoadedFirst) {
  for (const auto* id : {"shares0", "shares1", "shares2", "shares3"}) add(id);
  expect_together(4);
  launch::PoolOptions options{4, 1, "cuda", worker_, {}};
  options.gpus = {"3", "GPU-7"};
  EXPECT_EQ(run(options).ok, 4U);
  std::ifstream file(root_ + "/trials/gpus");
  std::multiset<std::string> gpus;
  for (std::string gpu; std::getline(file, gpu);) gpus.insert(gpu);
  EXPECT_THAT(gpus, ElementsAre("3", "3", "GPU-7", "GPU-7"));
}

TEST_P(LocalPoolTest, AsManyShareAGpuAsPastTrialsSayThatThereIsRoomFor) {
  for (const auto* id : {"shares0", "shares1", "shares2", "shares3"}) {
    add(id);
    core::Record past;
    past.status = core::Status::kOk;
    past.examples = {{"train", 100}};
    past.cost = {{"train_seconds", 1}, {"total_seconds", 2}, {"peak_memory_mib", 10'000}};
    costs_.add(plan_.trials.back().outline(), past);
  }
  const auto together = [&](double memory_mib, int expected) {
    expect_together(expected);
    fs::remove_all(root_ + "/trials");
    launch::PoolOptions options{4, 1, "cuda", worker_, {}};
    options.gpus = {"0"};
    options.gpu_memory_mib = memory_mib;
    EXPECT_EQ(run(options).ok, 4U);
    std::ifstream file(root_ + "/trials/most");
    int most = 0;
    for (int one = 0; file >> one;) most = std::max(most, one);
    return most;
  };
  EXPECT_EQ(together(25'000, 2), 2);
  EXPECT_EQ(together(80'000, 4), 4);
  EXPECT_EQ(together(8'000, 1), 1) << "what fits nowhere runs alone";
}

TEST_P(LocalPoolTest, WhatFindsNoMemoryBesideOthersIsTriedAgainAlone) {
  for (const auto* id : {"crowded0", "shares1"}) add(id);
  expect_together(1);
  launch::PoolOptions options{2, 1, "cuda", worker_, {}};
  options.gpus = {"0"};
  options.gpu_memory_mib = 80'000;
  EXPECT_EQ(run(options).ok, 2U);
  EXPECT_EQ(std::ranges::count(started(), "crowded0"), 2);
}

TEST(SettleTest, GivesEachGpuATrialAndItsShareOfTheCores) {
  const auto settled = [](std::vector<std::string> gpus) {
    launch::PoolOptions options{0, 0, "cuda", "", {}};
    options.gpus = std::move(gpus);
    return launch::settle(options);
  };
  const auto one = settled({"0"}), four = settled({"0", "1", "2", "3"});
  EXPECT_EQ(one.jobs, 1);
  EXPECT_EQ(four.jobs, 4);
  EXPECT_EQ(four.threads, std::max(1, one.threads / 4));
}

TEST_P(LocalPoolTest, RunsNothingTwice) {
  add("a");
  add("b");
  run();
  EXPECT_TRUE(launch::trials_to_run(plan_, store_).empty());
  plan_.trials[1].key = "another";
  const auto again = launch::trials_to_run(plan_, store_);
  ASSERT_EQ(again.size(), 1U);
  EXPECT_EQ(again[0]->id, "b");
}

TEST_P(LocalPoolTest, RunsASourceAgainWhoseWeightsAreGone) {
  add("source");
  add("kd", {"source"});
  run();
  fs::remove(store_.folder("source").weights());
  EXPECT_TRUE(launch::trials_to_run(plan_, store_).empty());
  fs::remove(store_.folder("kd").record());
  EXPECT_EQ(launch::trials_to_run(plan_, store_).size(), 2U);
}

TEST_P(LocalPoolTest, RunsASourceAgainWhoseWeightsWereHarmed) {
  add("source");
  add("kd", {"source"});
  run();
  core::Record source = record("source");
  source.weights = core::sha256_text("some weights");
  for (const std::string text : {"some weig", "some\x21weights", "\x01\x01\x01\x01"}) {
    std::ofstream(store_.folder("source").weights()) << text;
    store_.save(source);
    EXPECT_TRUE(launch::trials_to_run(plan_, store_).empty()) << "nobody needs them";
    fs::remove(store_.folder("kd").record());
    EXPECT_EQ(launch::trials_to_run(plan_, store_).size(), 2U) << text;
    std::ofstream(store_.folder("source").weights()) << "some weights";
    EXPECT_EQ(launch::trials_to_run(plan_, store_).size(), 1U);
    std::ofstream(store_.folder("source").weights()) << text;
    EXPECT_EQ(run().ok, 2U);
    EXPECT_EQ(record("source").weights, "") << "it was run again";
  }
}

TEST_P(LocalPoolTest, ACrashIsARecordWithLogAndStackAndTheRestGoesOn) {
  add("segfault");
  add("fine");
  const auto tally = run(1);
  EXPECT_EQ(tally.ok, 1U);
  EXPECT_EQ(tally.bad, 1U);
  const auto crash = record("segfault");
  EXPECT_EQ(crash.status, Status::kCrashed);
  EXPECT_EQ(crash.reason, "SIGSEGV");
  EXPECT_EQ(crash.rest.at("stack"), "#0 in step\n");
  EXPECT_EQ(crash.rest.at("log"), Json::array({"before"}));
  EXPECT_EQ(crash.axes.at("pair"), "a -> b");
}

TEST_P(LocalPoolTest, AnExitWithoutRecordIsACrash) {
  add("exits");
  run();
  EXPECT_EQ(record("exits").status, Status::kCrashed);
  EXPECT_EQ(record("exits").reason,
            "the process exited with code 5 before its record was written: leaving now");
  EXPECT_EQ(record("exits").rest.at("log"), Json::array({"leaving now"}));
}

TEST_P(LocalPoolTest, ATrialThatHangsRunsIntoItsLimit) {
  add("hangs", {}, {.seconds = 0.3});
  run();
  EXPECT_EQ(record("hangs").status, Status::kTimeout);
  EXPECT_THAT(record("hangs").reason, HasSubstr("limits.seconds = 0.3"));
}

TEST_P(LocalPoolTest, AKillFromOutsideIsNoWantOfMemory) {
  add("killed");
  run();
  EXPECT_EQ(record("killed").status, Status::kInterrupted);
  EXPECT_THAT(record("killed").reason, HasSubstr("killed from outside"));
}

TEST_P(LocalPoolTest, WhatATrialLeftBehindEndsWithIt) {
  add("leaves");
  run();
  EXPECT_EQ(record("leaves").status, Status::kOk);
  std::ifstream file(root_ + "/trials/leaves/left");
  pid_t left = 0;
  ASSERT_TRUE(file >> left);
  for (int tries = 0; runs(left) && tries < 50; ++tries)
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_FALSE(runs(left)) << "a process of another session outlived its trial";
}

TEST_P(LocalPoolTest, MemoryOfWhatATrialStartedCounts) {
  add("feeds", {}, {.memory = 100});
  run();
  EXPECT_EQ(record("feeds").status, Status::kOutOfMemory);
  EXPECT_THAT(record("feeds").reason, HasSubstr("limits.memory = 100"));
}

TEST_P(LocalPoolTest, TheLogsLastWordsAreCleaned) {
  add("colours");
  run();
  EXPECT_EQ(record("colours").reason,
            "the process exited with code 2 before its record was written: no \uFFFD device");
}

TEST_P(LocalPoolTest, MemoryBeyondItsLimitIsOutOfMemory) {
  add("hangs", {}, {.memory = 0.5});
  run();
  EXPECT_EQ(record("hangs").status, Status::kOutOfMemory);
  EXPECT_THAT(record("hangs").reason, HasSubstr("limits.memory = 0.5"));
}

TEST_P(LocalPoolTest, OnlyAKillFromOutsideIsTriedAgain) {
  add("twice");
  add("exits", {}, {.retries = 3});
  run(1);
  EXPECT_EQ(record("twice").status, Status::kOk);
  const auto ids = started();
  EXPECT_EQ(std::count(ids.begin(), ids.end(), "exits"), 1);
}

TEST_P(LocalPoolTest, WithoutItsSourceATrialFailsAndIsTriedAgainTheNextTime) {
  add("exits");
  add("kd", {"exits"});
  EXPECT_EQ(run().bad, 2U);
  EXPECT_EQ(record("kd").status, Status::kFailed);
  EXPECT_THAT(record("kd").reason, HasSubstr("its source, trial exits, is crashed"));
  EXPECT_THAT(started(), ElementsAre("exits"));
  EXPECT_EQ(launch::trials_to_run(plan_, store_).size(), 2U);
}

TEST_P(LocalPoolTest, APluginThatCrashesAgainAndAgainIsLeftOut) {
  for (int i = 0; i < 5; ++i) add("segfault" + std::to_string(i));
  add("fine");
  for (auto& trial : plan_.trials)
    trial.change([&](core::TrialSpec& spec) {
      spec.method.plugin = trial.id == "fine" ? "fine" : "segfault";
    });
  const auto tally = run(1);
  EXPECT_EQ(tally.ok, 1U);
  EXPECT_EQ(tally.bad, 5U);
  EXPECT_THAT(started(), ElementsAre("segfault0", "segfault1", "segfault2", "fine"));
  EXPECT_EQ(record("segfault4").status, Status::kFailed);
  EXPECT_THAT(record("segfault4").reason,
              HasSubstr("crashed in 3 trials in a row, last in segfault2: SIGSEGV"));
  EXPECT_EQ(launch::trials_to_run(plan_, store_).size(), 5U) << "the next run tries again";
}

TEST_P(LocalPoolTest, InterruptedTrialsSaySoAndNoFurtherOneStarts) {
  add("hangs");
  add("later");
  std::thread interrupt([this] {
    wait_for(root_ + "/trials/started");
    ::kill(::getpid(), SIGTERM);
  });
  sigset_t terminate;  // so that it reaches the pool's thread
  ::sigemptyset(&terminate);
  ::sigaddset(&terminate, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &terminate, nullptr);
  const auto tally = run(1);
  interrupt.join();
  EXPECT_TRUE(tally.interrupted);
  EXPECT_EQ(record("hangs").status, Status::kInterrupted);
  EXPECT_FALSE(store_.load("later"));
}

TEST_P(LocalPoolTest, AWorkerThatEndsProperlyAfterTheInterruptKeepsItsRecord) {
  add("stubborn");
  const pid_t child = ::fork();  // a process of its own: the signal is for the whole process
  if (child == 0) {
    run(1);
    ::_exit(0);
  }
  wait_for(store_.folder("stubborn").path() / "armed");
  ::kill(child, SIGINT);
  ::waitpid(child, nullptr, 0);
  EXPECT_EQ(record("stubborn").status, Status::kOk);
}

TEST_P(LocalPoolTest, TwoRunsOverTheSameResultsShareTheTrials) {
  for (int i = 0; i < 12; ++i) add("trial" + std::to_string(i));
  const pid_t other = ::fork();
  if (other == 0) {
    run(2);
    ::_exit(0);
  }
  const auto tally = run(2);
  ::waitpid(other, nullptr, 0);
  EXPECT_EQ(tally.ok, 12U);
  const auto ids = started();
  const std::set<std::string> once(ids.begin(), ids.end());
  EXPECT_EQ(ids.size(), 12U);
  EXPECT_EQ(once.size(), 12U);
}

TEST_P(LocalPoolTest, PrintsALineForEachTrialWhereThereIsNoTerminal) {
  add("kd");
  run();
  std::ifstream file(root_ + "/out");
  std::string line, note;
  if (GetParam() == Start::kAnew) std::getline(file, note);
  std::getline(file, line);
  EXPECT_THAT(line, HasSubstr("[1/1] kd a -> b s0   ok   top-1 50.0   "));
  EXPECT_EQ(note.empty(), GetParam() != Start::kAnew) << note;
}

TEST_P(LocalPoolTest, LearnsWhatATrialCosts) {
  add("kd");
  EXPECT_FALSE(costs_.estimate(plan_.trials[0].spec()));
  run();
  EXPECT_DOUBLE_EQ(costs_.estimate(plan_.trials[0].spec())->seconds, 2);
  core::TrialSpec longer = plan_.trials[0].spec();
  longer.recipe.epochs = 10;  // ten times the steps, the same second around them
  EXPECT_DOUBLE_EQ(launch::CostBook(root_ + "/cache/costs.jsonl").estimate(longer)->seconds, 11);
  longer.recipe.batch = 20;
  EXPECT_FALSE(costs_.estimate(longer));
}

INSTANTIATE_TEST_SUITE_P(Starts, LocalPoolTest,
                         testing::Values(Start::kAnew, Start::kForked, Start::kStaying),
                         [](const auto& info) {
                           return info.param == Start::kAnew     ? "Anew"
                                  : info.param == Start::kForked ? "Forked"
                                                                 : "Staying";
                         });

TEST(Settle, TakesOneThreadATrialUnlessAsked) {
  const auto free = launch::settle({});
  EXPECT_EQ(free.threads, 1);
  EXPECT_GE(free.jobs, 1);
  const auto asked = launch::settle({3, 2, "cpu", "", {}});
  EXPECT_EQ(asked.jobs, 3);
  EXPECT_EQ(asked.threads, 2);
}

}  // namespace
