#pragma once
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "app/shapes.hpp"
#include "app/shell.hpp"
#include "temporary_folder.hpp"

namespace ktb::tests {

/// A suite of six quick trials, and ktbench over it with one folder of results.
class Cluster : public testing::Test {
 protected:
  Cluster() { write_suite(1); }

  void write_suite(int epochs) const {
    write("suite.toml", R"(ktbench = 1
title = "Shapes"
seeds = 2
datasets = "shapes"
methods = ["scratch", "kd"]
[dataset.shapes]
plugin = "shapes"
[recipe]
batch = 32
epochs = )" + std::to_string(epochs) +
                            kPairAndTable);
  }
  void write(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name) << text;
  }
  std::string read(const std::filesystem::path& path) const {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  std::string line(const std::string& words, const std::string& results = "results") const {
    return "env -u KTBENCH_DATA -u SLURM_CONF HOME=" + folder_.string() +
           " XDG_CONFIG_HOME= PATH=" + path() + " " KTB_BIN_DIR "/ktbench " + words +
           " --plugins " KTB_TEST_PLUGIN_DIR " --results " + (folder_ / results).string();
  }
  Outcome run(const std::string& words, const std::string& results = "results") const {
    return run_command(line("run " + (folder_ / "suite.toml").string() + " " + words, results));
  }
  /// The table of a run on this machine, into other results.
  std::string table() const {
    const auto [code, text] = run("-j1", "local");
    EXPECT_EQ(code, 0) << text;
    return table_of(text);
  }
  /// Lines of a text.
  static std::vector<std::string> lines(const std::string& text) {
    std::vector<std::string> all;
    std::istringstream in(text);
    for (std::string one; std::getline(in, one);) all.push_back(one);
    return all;
  }
  std::size_t records() const {
    std::size_t count = 0;
    for (const auto& trial : std::filesystem::directory_iterator(folder_ / "results/trials"))
      count += std::filesystem::exists(trial.path() / "record.json");
    return count;
  }
  virtual std::string path() const { return "\"$PATH\""; }

  const TemporaryFolder own_;
  const std::filesystem::path folder_ = own_.path();
};

}  // namespace ktb::tests
