// One worker stays for all trials of a run on a CPU, and nobody can tell by the results.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

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

/// An array of unsigned bytes in the idx format.
void write_idx(const fs::path& path, const std::vector<unsigned>& extents, unsigned step,
               unsigned most) {
  fs::create_directories(path.parent_path());
  std::ofstream file(path, std::ios::binary);
  file << std::string("\0\0\x08", 3) << static_cast<char>(extents.size());
  std::size_t size = 1;
  for (const unsigned extent : extents) {
    for (const int shift : {24, 16, 8, 0}) file << static_cast<char>(extent >> shift);
    size *= extent;
  }
  for (std::size_t i = 0; i < size; ++i) file << static_cast<char>(i * step % most);
}

class Serve : public testing::Test {
 protected:
  /// Data that lie in files, unlike those that tests make on the spot.
  void write_digits() const {
    for (const auto& [name, count] : {std::pair{"train", 100U}, std::pair{"t10k", 60U}}) {
      const auto stem = folder_ / "data/mnist" / name;
      write_idx(stem.string() + "-images-idx3-ubyte", {count, 28, 28}, 37, 256);
      write_idx(stem.string() + "-labels-idx1-ubyte", {count}, 1, 10);
    }
  }

  Outcome run(const std::string& datasets, const std::string& methods,
              const std::string& device = "cpu") const {
    std::ofstream(folder_ / "suite.toml") << R"(ktbench = 1
title = "Shapes"
seeds = 2
datasets = )" << datasets
                                          << "\nmethods = " << methods << R"(
[recipe]
epochs = 1
batch = 32
optimizer = { name = "sgd", lr = 0.1, momentum = 0.9 }
keep = ["weights", "predictions"]
[dataset.digits]
plugin = "mnist"
verify = false
[method.leaves]
plugin = "counts"
leaves = true
[model]
wide = { plugin = "mlp", width = 32 }
narrow = { plugin = "mlp", width = 16 }
[grid.all]
pairs = ["wide -> narrow"]
[table.all]
rows = "method"
cols = ["dataset", "pair"]
metrics = ["top1"]
)";
    return run_command(KTB_BIN_DIR "/ktbench run " + (folder_ / "suite.toml").string() +
                       " -j1 --device " + device + " --plugins " KTB_TEST_PLUGIN_DIR " --results " +
                       (folder_ / "results").string() + data());
  }

  /// The same trials, each by a worker that is started for it.
  void run_each(const std::string& device = "cpu") const {
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
        const auto [code, text] = run_command(KTB_BIN_DIR "/ktbench-worker trial " +
                                              trial.path().string() + " --threads 1 --device " +
                                              device + " --plugins " KTB_TEST_PLUGIN_DIR + data());
        EXPECT_EQ(code, 0) << text;
      }
  }

  /// A data set that is made on the spot has nothing in a folder, which then may not be named.
  std::string data() const {
    const auto own = folder_ / "data";
    return fs::exists(own) ? " --data-dir " + own.string() : "";
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

/// Gives how many there are.
int expect_equal_trials(const fs::path& results, const fs::path& others) {
  int trials = 0;
  for (const auto& trial : fs::directory_iterator(results / "trials")) {
    const auto other = others / "trials" / trial.path().filename();
    EXPECT_EQ(timeless(Json::parse(read(trial.path() / "record.json"))),
              timeless(Json::parse(read(other / "record.json"))));
    for (const char* file : {"weights.safetensors", "predictions.safetensors", "samples.bin"})
      EXPECT_EQ(read(trial.path() / file), read(other / file)) << trial.path() << file;
    ++trials;
  }
  return trials;
}

TEST_F(Serve, TrialsOfOneWorkerAreThoseOfManyToTheLastBit) {
  write_digits();
  const auto [code, text] = run(R"(["shapes", "digits"])", R"(["kd", "counts"])");
  ASSERT_EQ(code, 0) << text;
  EXPECT_THAT(text, Not(HasSubstr("loads LibTorch anew")));
  run_each();
  EXPECT_EQ(expect_equal_trials(folder_ / "results", folder_ / "alone"), 12)
      << "on two data sets two seeds of the source and of two methods";
}

TEST_F(Serve, TrialsThatOneProcessRunsOnADeviceAreThoseOfManyToTheLastBit) {
  write_digits();
  const auto [code, text] = run(R"(["shapes", "digits"])", R"(["kd", "nkd"])", "mock");
  ASSERT_EQ(code, 0) << text;
  EXPECT_THAT(text, Not(HasSubstr("loads LibTorch anew")));
  EXPECT_THAT(text, Not(HasSubstr("process"))) << "one of them left something behind";
  run_each("mock");
  EXPECT_EQ(expect_equal_trials(folder_ / "results", folder_ / "alone"), 12);
}

TEST_F(Serve, OnADeviceAPluginWithStaticStateRunsAlone) {
  const auto [code, text] = run(R"("shapes")", R"(["counts", "kd"])", "mock");
  ASSERT_EQ(code, 0) << text;
  EXPECT_THAT(text, HasSubstr("method counts keeps state in static variables, so each trial"));
  run_each("mock");
  EXPECT_EQ(expect_equal_trials(folder_ / "results", folder_ / "alone"), 6);
}

TEST_F(Serve, WhatAPluginLeavesBehindEndsWithItsTrial) {
  for (const std::string device : {"cpu", "mock"}) {
    const auto [code, text] = run(R"("shapes")", R"(["leaves"])", device);
    EXPECT_EQ(code, 0) << text;
    EXPECT_THAT(text, HasSubstr("[2/2] leaves narrow s1   ok"));
    EXPECT_EQ(running("sleep 4321 "), 0);
  }
}

TEST_F(Serve, IsNotForPeople) {
  const auto [code, text] = run_command(KTB_BIN_DIR "/ktbench-worker serve < /dev/null");
  EXPECT_EQ(code, 2);
  EXPECT_THAT(text, HasSubstr("`ktbench run` starts `serve` itself"));
}

}  // namespace
}  // namespace ktb::tests
