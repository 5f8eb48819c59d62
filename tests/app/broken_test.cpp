// Whatever a plugin does wrong becomes a record with the right status, and the suite goes on.
#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "app/shapes.hpp"
#include "app/shell.hpp"
#include "core/base/json.hpp"
#include "temporary_folder.hpp"

namespace ktb::tests {
namespace {

namespace fs = std::filesystem;
using core::Json;
using testing::AllOf;
using testing::HasSubstr;

/// A suite of one pair on the data set that tests make, and where its results go.
class Bench {
 public:
  Outcome run(const std::string& methods, int seconds, const std::string& verb = "run",
              const std::string& definitions = "") const {
    std::ofstream(folder_ / "suite.toml") << R"(ktbench = 1
title = "Broken on purpose"
seeds = 1
datasets = "shapes"
methods = )" << methods << R"(
[recipe]
steps = 24
batch = 32
optimizer = { name = "sgd", lr = 0.1, momentum = 0.9 }
[method]
throws = { plugin = "broken", how = "throws" }
throws_a_number = { plugin = "broken", how = "throws a number" }
segfaults = { plugin = "broken", how = "segfaults" }
aborts = { plugin = "broken", how = "aborts" }
exits = { plugin = "broken", how = "exits" }
hangs = { plugin = "broken", how = "hangs" }
diverges = { plugin = "broken", how = "diverges" }
exhausts_memory = { plugin = "broken", how = "exhausts memory" }
)" << definitions << R"([limits]
seconds = )" << seconds << kPairAndTable;
    return run_command(KTB_BIN_DIR "/ktbench " + verb + " " + (folder_ / "suite.toml").string() +
                       " -j2 --plugins " KTB_TEST_PLUGIN_DIR " --results " +
                       (folder_ / "results").string() +
                       (verb == "run" ? " --quarantine 0" : ""));  // one plugin has all faults
  }

  /// By method.
  std::map<std::string, Json> records() const {
    std::map<std::string, Json> all;
    for (const auto& entry : fs::directory_iterator(folder_ / "results" / "trials")) {
      std::ifstream file(entry.path() / "record.json");
      const auto record = Json::parse(file, nullptr, false);
      if (record.is_discarded()) continue;
      const auto& axes = record.at("axes");
      const bool source = axes.value("target", "") == "wide";
      if (!source) all[axes.at("method").get<std::string>()] = record;
    }
    return all;
  }

 private:
  const TemporaryFolder own_;
  const fs::path folder_ = own_.path();
};

void expect_end(const std::map<std::string, Json>& records, const std::string& method,
                const std::string& status, const std::string& reason) {
  ASSERT_TRUE(records.contains(method)) << method << " has no record";
  const auto& record = records.at(method);
  EXPECT_EQ(record.at("status"), status) << method << ": " << record.at("reason");
  EXPECT_THAT(record.at("reason").get<std::string>(), HasSubstr(reason)) << method;
}

TEST(Broken, SlowEveryFaultIsARecordAndTheSuiteGoesOn) {
  const Bench bench;
  const auto [code, text] = bench.run(
      R"(["scratch", "kd", "throws", "throws_a_number", "segfaults", "aborts", "exits",
          "diverges", "exhausts_memory", "never_learns"])",
      300);
  EXPECT_EQ(code, 1) << text;
  const auto records = bench.records();
  expect_end(records, "throws", "failed", "no more steps for a loss of one number");
  expect_end(records, "throws_a_number", "failed", "no std::exception");
  expect_end(records, "segfaults", "crashed", "SIGSEGV");
  expect_end(records, "aborts", "crashed", "SIGABRT");
  expect_end(records, "throws", "failed", "losses() of broken at step 2: no more steps");
  expect_end(records, "exits", "crashed", "exited with code 0 before its record was written");
  expect_end(records, "diverges", "diverged", "no longer finite at step 2: task = nan");
  expect_end(records, "exhausts_memory", "out-of-memory", "memory");
  expect_end(records, "scratch", "ok", "");
  expect_end(records, "kd", "ok", "");
  expect_end(records, "never_learns", "ok", "");
  ASSERT_FALSE(testing::Test::HasFailure()) << text;

  EXPECT_THAT(records.at("segfaults").value("stack", ""), HasSubstr("broken.so"));
  EXPECT_GT(records.at("scratch").at("metrics").at("top1"), 0.5) << "four classes, easy ones";
  EXPECT_LT(records.at("never_learns").at("metrics").at("top1"), 0.5);
  EXPECT_THAT(text, AllOf(HasSubstr("scratch"), HasSubstr("never_learns")));
}

/// What a method must not do, as options of the method `cheats`, and how its record tells of it.
struct Cheat {
  std::string how, status, reason;
};

const std::vector<Cheat>& cheats() {
  static const auto* const all = new std::vector<Cheat>{
      {"writes into the inputs", "failed", "predict() wrote into its input `image`"},
      {"writes into the batch", "failed", "the method wrote into its batch (`label`)"},
      {"writes into the survey", "failed", "the method wrote into its batch (`image`)"},
      {"writes to the source", "failed", "of the source wide, which the suite freezes"},
      {"negates the source", "failed", "of the source wide, which the suite freezes"},
      {"more columns", "failed", "wants floating-point numbers of shape ["},
      {"fewer rows", "failed", "wants floating-point numbers of shape ["},
      {"whole numbers", "failed", "predict() gave numbers of type Long"},
      {"complex numbers", "failed", "predict() gave numbers of type ComplexFloat"},
      {"nothing", "failed", "predict() gave nothing"},
      {"no numbers", "diverged", "predictions are not finite numbers"},
      {"infinite numbers", "diverged", "predictions are not finite numbers"},
      {"loses its weights", "diverged", "is no longer finite after step 20"},
      {"names a metric", "failed", "figures() of cheats: `top5` is the name of a metric"},
      {"throws before", "failed", "before() of cheats at step 2: the codebook is empty"},
      {"throws after", "failed", "after() of cheats at step 2: the codebook is full"},
      {"throws bytes", "failed", "losses() of cheats at step 0: no \xEF\xBF\xBD codebook"},
  };
  return *all;
}

TEST(Broken, SlowCheatsAreSeenAndWhoStandsBesideThemIsNotDisturbed) {
  const Bench bench;
  std::string methods = R"(["scratch", "kd", "returns_the_answers")", definitions;
  const auto name_of = [](std::string how) {
    std::ranges::replace(how, ' ', '_');
    return how;
  };
  std::vector<std::string> all = {"returns the answers"};
  for (const auto& cheat : cheats()) all.push_back(cheat.how);
  for (const auto& how : all) {
    if (how != all[0]) methods += ", \"" + name_of(how) + "\"";
    definitions += name_of(how) + " = { plugin = \"cheats\", how = \"" + how + "\" }\n";
  }
  const auto [code, text] = bench.run(methods + "]", 300, "run", definitions);
  EXPECT_EQ(code, 1) << text;
  const auto records = bench.records();
  for (const auto& [how, status, reason] : cheats())
    expect_end(records, name_of(how), status, reason);
  expect_end(records, "returns_the_answers", "ok", "");
  ASSERT_FALSE(testing::Test::HasFailure()) << text;
  EXPECT_LT(records.at("returns_the_answers").at("metrics").at("top1"), 0.5)
      << "four classes: the answers were there to be read";

  const Bench alone;
  alone.run(R"(["scratch", "kd"])", 300);
  for (const auto* method : {"scratch", "kd"})
    EXPECT_EQ(records.at(method).at("metrics"), alone.records().at(method).at("metrics")) << method;
}

TEST(Broken, SlowAHangEndsAtTheTimeLimit) {
  const Bench bench;
  const auto [code, text] = bench.run(R"(["hangs"])", 8);
  EXPECT_EQ(code, 1) << text;
  expect_end(bench.records(), "hangs", "timeout", "ran longer than limits.seconds = 8");
}

TEST(Broken, APluginThatCannotBeLoadedIsToldBeforeAnythingRuns) {
  const Bench bench;
  const auto [code, text] = bench.run(R"(["scratch", "two_mismatches"])", 60);
  EXPECT_EQ(code, 3) << text;
  EXPECT_THAT(text, AllOf(HasSubstr("sdk: plugin 000000000000, this ktbench "),
                          HasSubstr("torch: plugin 1.13.1, this ktbench "),
                          HasSubstr("cmake --build <its build folder> --target "
                                    "method_two_mismatches")));
}

}  // namespace
}  // namespace ktb::tests
