// What `cmake --install` writes: a whole ktbench that runs wherever it is moved.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "app/shapes.hpp"
#include "app/shell.hpp"
#include "temporary_folder.hpp"

namespace ktb::tests {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kSuite = R"(ktbench = 1
title = "Shapes"
seeds = 1
datasets = "shapes"
methods = ["scratch", "kd"]
[recipe]
steps = 2
batch = 32
)";

/// The tree with the plugins of kSuite and no others, installed and then moved.
class Moved {
 public:
  Moved() {
    const auto first = folder_.path() / "first";
    const auto installed = run_command(
        "cmake --install " KTB_BUILD_DIR " --component ktbench --prefix " + first.string());
    EXPECT_EQ(installed.code, 0) << installed.text;
    fs::rename(first, tree());
    for (const char* plugin : {"methods/scratch.so", "methods/kd.so", "models/mlp.so"}) {
      const auto to = tree() / "lib/ktbench/plugins" / plugin;
      fs::create_directories(to.parent_path());
      fs::copy_file(fs::path(KTB_PLUGIN_DIR) / plugin, to);
    }
    std::ofstream(folder_.path() / "shapes.toml") << kSuite << kPairAndTable;
  }

  fs::path tree() const { return folder_.path() / "moved"; }
  Outcome ktbench(const std::string& words, const std::string& variables = "") const {
    return run_command("cd " + folder_.path().string() + " && " + variables + " " +
                       (tree() / "bin/ktbench").string() + " " + words);
  }

 private:
  const TemporaryFolder folder_;
};

/// Made once for all tests.
const Moved& moved() {
  static const Moved one;
  return one;
}

std::string libtorch() { return fs::canonical(KTB_BUILD_DIR "/lib/ktbench/torch").string(); }

TEST(Installed, RunsWhereverItIsMoved) {
  const auto [code, text] = moved().ktbench("run shapes.toml --plugins " KTB_TEST_PLUGIN_DIR,
                                            "KTB_TORCH_ROOT=" + libtorch());
  EXPECT_EQ(code, 0) << text;
  EXPECT_THAT(text, HasSubstr("\nShapes, top-1 %"));
}

TEST(Installed, SaysWhereItLookedForLibTorch) {
  const auto [code, text] = moved().ktbench(
      "run shapes.toml --results others --plugins " KTB_TEST_PLUGIN_DIR, "KTB_TORCH_ROOT=/nowhere");
  EXPECT_EQ(code, 2) << text;
  EXPECT_THAT(text, HasSubstr("KTB_TORCH_ROOT  /nowhere: not there"));
}

TEST(Installed, KnowsItsSuitesByName) {
  EXPECT_THAT(moved().ktbench("list suites").text, HasSubstr("  hub/control "));
  const auto [code, text] = moved().ktbench("plan quick_start");
  EXPECT_EQ(code, 2);
  EXPECT_THAT(text, HasSubstr("did you mean `quickstart`?"));
}

TEST(Installed, NamesNoFolderOfTheBuild) {
  const auto tree = moved().tree().string();
  const auto found =
      run_command("grep -rlE '" KTB_BUILD_DIR "|" + libtorch() + "' --include=*.cmake " + tree +
                  "; readelf -d " + tree + "/bin/* " + tree + "/lib/*.so | grep -E 'R(UN)?PATH'");
  EXPECT_THAT(found.text, HasSubstr("[$ORIGIN/"));
  EXPECT_THAT(found.text, Not(testing::ContainsRegex("\\[/|:/|\\.cmake")));
}

}  // namespace
}  // namespace ktb::tests
