// Folders of results that are shared, full, read-only or elsewhere, through the real binaries: a
// sentence, and nothing lost.
#include <gmock/gmock.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <thread>

#include "app/shapes.hpp"
#include "app/shell.hpp"
#include "core/base/text_file.hpp"
#include "temporary_folder.hpp"

namespace ktb::tests {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

constexpr const char* kSuite = R"(ktbench = 1
title = "Shapes"
seeds = 2
datasets = "shapes"
methods = ["scratch", "kd", "rkd"]
[recipe]
epochs = 20
batch = 32
optimizer = { name = "sgd", lr = 0.1, momentum = 0.9 }
)";
constexpr std::size_t kTrials = 8;

class SlowPlaces : public testing::Test {
 protected:
  SlowPlaces() {
    std::ofstream(suite()) << kSuite << kPairAndTable;
    fs::create_directory(place());
  }

  std::string run(const fs::path& results) const {
    return KTB_BIN_DIR "/ktbench run " + suite().string() +
           " -j2 --plugins " KTB_TEST_PLUGIN_DIR " --results " + results.string();
  }
  std::string run() const { return run(place()); }

  /// What an undisturbed run prints.
  std::string whole() const { return table_of(run_command(run(folder_ / "whole")).text); }

  /// In a name space of its own, where anybody may mount.
  static Outcome mounted(const std::string& script) {
    return run_command("unshare --map-root-user --mount sh -c '" + script + "'");
  }
  static bool may_mount() { return mounted("mount -t tmpfs none /mnt").code == 0; }

  fs::path place() const { return folder_ / "place"; }

 private:
  fs::path suite() const { return folder_ / "suite.toml"; }

  const TemporaryFolder own_;
  const fs::path folder_ = own_.path();
};

TEST_F(SlowPlaces, FourRunsAtOnceFinishEachTrialExactlyOnce) {
  std::array<Outcome, 4> outcomes;
  {
    std::vector<std::jthread> runs;
    for (auto& outcome : outcomes) runs.emplace_back([&] { outcome = run_command(run()); });
  }
  const auto table = whole();
  for (const auto& [code, text] : outcomes) {
    EXPECT_EQ(code, 0) << text;
    EXPECT_EQ(table_of(text), table);
  }
  // Each run that trains a trial writes down what it cost.
  const auto costs = core::read_text(place() / "cache/costs.jsonl");
  EXPECT_EQ(std::count(costs.begin(), costs.end(), '\n'), kTrials);
}

TEST_F(SlowPlaces, AFullDiskIsNamedAndWhatWasKeptStays) {
  if (!may_mount()) GTEST_SKIP() << "nothing can be mounted here";
  const auto at = place().string();
  const auto [code, text] =
      mounted("mount -t tmpfs -o size=160k none " + at + "; " + run() +
              "; echo it ended with $?; mount -o remount,size=30m " + at + "; " + run());
  EXPECT_EQ(code, 0) << text;
  EXPECT_THAT(text, HasSubstr("No space left on device; free some space and run again"));
  EXPECT_THAT(text, HasSubstr("it ended with 2"));
  EXPECT_THAT(text.substr(text.find("it ended with")), testing::Not(HasSubstr("; 0 cached")));
  EXPECT_EQ(table_of(text), whole());
}

TEST_F(SlowPlaces, AReadOnlyFolderIsNamedAndItsTableCanBeRead) {
  if (!may_mount()) GTEST_SKIP() << "nothing can be mounted here";
  const auto table = table_of(run_command(run()).text);
  const auto at = place().string();
  auto report = run();
  report.replace(report.find(" run "), 5, " report ").erase(report.find(" -j2"), 4);
  const auto [code, text] =
      mounted("mount --bind " + at + " " + at + " && mount -o remount,ro,bind " + at + "; " +
              run() + "; echo it ended with $?; " + report);
  EXPECT_EQ(code, 0) << text;
  EXPECT_THAT(text, HasSubstr("Read-only file system"));
  EXPECT_THAT(text, HasSubstr("it ended with 2"));
  EXPECT_EQ(table_of(text), table);
}

TEST_F(SlowPlaces, AnotherFileSystemIsAsGoodAsAny) {
  if (!may_mount()) GTEST_SKIP() << "nothing can be mounted here";
  const auto [code, text] = mounted("mount -t tmpfs none " + place().string() + "; " + run());
  EXPECT_EQ(code, 0) << text;
  EXPECT_EQ(table_of(text), whole());
}

}  // namespace
}  // namespace ktb::tests
