// One worker stays for all trials of a run on a CPU, and nobody can tell by the results.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "app/shapes.hpp"
#include "app/shell.hpp"
#include "core/base/json.hpp"
#include "temporary_folder.hpp"

namespace ktb::tests {
namespace {

namespace fs = std::filesystem;
using core::Json;
using testing::HasSubstr;
using testing::Not;

std::string read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// How many processes were started with this command line.
int running(const std::string& command) {
  int count = 0;
  std::error_code gone;
  for (fs::directory_iterator entry("/proc", gone), end; !gone && entry != end;
       entry.increment(gone)) {
    std::string line = read(entry->path() / "cmdline");
    for (char& c : line)
      if (c == '\0') c = ' ';
    if (line == command) ++count;
  }
  return count;
}

class Serve : public testing::Test {
 protected:
  Outcome run(const std::string& methods) const {
    std::ofstream(folder_ / "suite.toml") << R"(ktbench = 1
title = "Shapes"
seeds = 3
datasets = "shapes"
methods = )" << methods << R"(
[recipe]
epochs = 1
batch = 32
optimizer = { name = "sgd", lr = 0.1, momentum = 0.9 }
keep = ["weights", "predictions"]
[method.leaves]
plugin = "counts"
leaves = true
)" << kPairAndTable;
    return run_command(KTB_BIN_DIR "/ktbench run " + (folder_ / "suite.toml").string() +
                       " -j1 --plugins " KTB_TEST_PLUGIN_DIR " --results " +
                       (folder_ / "results").string());
  }

  /// The same trials, each by a command as `--launcher commands` prints it.
  void run_each() const {
    for (const auto& trial : fs::directory_iterator(folder_ / "results/trials")) {
      const auto own = folder_ / "alone/trials" / trial.path().filename();
      fs::create_directories(own);
      fs::copy_file(trial.path() / "trial.json", own / "trial.json");
    }
    // Sources first.
    for (const bool source : {true, false})
      for (const auto& trial : fs::directory_iterator(folder_ / "alone/trials")) {
        const auto spec = Json::parse(read(trial.path() / "trial.json"));
        if (spec.at("sources").empty() != source) continue;
        const auto [code, text] =
            run_command(KTB_BIN_DIR "/ktbench-worker trial " + trial.path().string() +
                        " --threads 1 --device cpu --plugins " KTB_TEST_PLUGIN_DIR);
        EXPECT_EQ(code, 0) << text;
      }
  }

  const TemporaryFolder own_;
  const fs::path folder_ = own_.path();
};

/// Of a record, without what tells when it was made and how long it took.
Json timeless(Json record) {
  record.erase("cost");
  for (const char* time : {"started", "finished"}) record.at("provenance").erase(time);
  return record;
}

TEST_F(Serve, TrialsOfOneWorkerAreThoseOfManyToTheLastBit) {
  const auto [code, text] = run(R"(["scratch", "kd", "counts"])");
  ASSERT_EQ(code, 0) << text;
  EXPECT_THAT(text, Not(HasSubstr("loads LibTorch anew")));
  run_each();
  int trials = 0;
  for (const auto& trial : fs::directory_iterator(folder_ / "results/trials")) {
    const auto alone = folder_ / "alone/trials" / trial.path().filename();
    EXPECT_EQ(timeless(Json::parse(read(trial.path() / "record.json"))),
              timeless(Json::parse(read(alone / "record.json"))));
    for (const char* file : {"weights.safetensors", "predictions.safetensors", "samples.bin"})
      EXPECT_EQ(read(trial.path() / file), read(alone / file)) << trial.path() << file;
    ++trials;
  }
  EXPECT_EQ(trials, 12) << "three seeds of the source and of three methods";
}

TEST_F(Serve, WhatAPluginLeavesBehindEndsWithItsTrial) {
  const auto [code, text] = run(R"(["leaves"])");
  EXPECT_EQ(code, 0) << text;
  EXPECT_THAT(text, HasSubstr("[3/3] leaves narrow s2   ok"));
  EXPECT_EQ(running("sleep 4321 "), 0);
}

TEST_F(Serve, IsNotForPeople) {
  const auto [code, text] = run_command(KTB_BIN_DIR "/ktbench-worker serve < /dev/null");
  EXPECT_EQ(code, 2);
  EXPECT_THAT(text, HasSubstr("`ktbench run` starts `serve` itself"));
}

}  // namespace
}  // namespace ktb::tests
