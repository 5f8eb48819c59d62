// Every suite of the tree, in every profile, plans to what it planned to before:
// tests/golden/plans.txt.
#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <vector>

#include "app/shell.hpp"
#include "temporary_folder.hpp"

namespace ktb::tests {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> suites() {
  std::vector<fs::path> all;
  for (const auto& entry : fs::recursive_directory_iterator(KTB_SOURCE_DIR "/suites"))
    if (entry.path().extension() == ".toml") all.push_back(entry.path());
  std::sort(all.begin(), all.end());
  return all;
}

/// `paper`, which every suite has, and those of its `[profile.NAME]`.
std::vector<std::string> profiles(const fs::path& suite) {
  std::vector<std::string> all = {"paper"};
  const std::string head = "[profile.";
  std::ifstream file(suite);
  for (std::string line; std::getline(file, line);)
    if (line.starts_with(head)) {
      const auto name =
          line.substr(head.size(), line.find_first_of(".]", head.size()) - head.size());
      if (std::find(all.begin(), all.end(), name) == all.end()) all.push_back(name);
    }
  return all;
}

/// The lines of `ktbench plan` that count trials with their holes, and the entries of tables.
std::string counts(const std::string& plan) {
  std::string out;
  std::istringstream lines(plan);
  for (std::string line; std::getline(lines, line);)
    if (line.find(" trials = ") != std::string::npos || line.starts_with("tables "))
      out += line + "\n";
  return out;
}

/// What stands below each line that names a suite and a profile.
std::map<std::string, std::string> sections(const std::string& text) {
  std::map<std::string, std::string> all;
  std::string* section = nullptr;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with("suites/"))
      section = &all[line];
    else if (section != nullptr)
      *section += line + "\n";
  return all;
}

/// Of a data set that has to be read to know what it asks, holes show only where it is there. So a
/// plan may have a second section, `with its data`.
TEST(PlansSlow, EverySuiteAndProfileIsAsItWas) {
  const TemporaryFolder folder;
  std::ifstream golden(KTB_SOURCE_DIR "/tests/golden/plans.txt");
  auto wanted = sections({std::istreambuf_iterator<char>(golden), {}});
  for (const auto& suite : suites())
    for (const auto& profile : profiles(suite)) {
      const auto plan = run_command(KTB_BIN_DIR "/ktbench plan " + suite.string() + " --profile " +
                                    profile + " --results " + folder.path().string() + " --trials");
      ASSERT_EQ(plan.code, 0) << plan.text;
      const auto name = fs::relative(suite, KTB_SOURCE_DIR).string() + " " + profile;
      const auto rich = wanted.find(name + ", with its data");
      if (rich != wanted.end() && counts(plan.text) == rich->second) continue;
      EXPECT_EQ(counts(plan.text), wanted[name]) << name;
    }
}

}  // namespace
}  // namespace ktb::tests
