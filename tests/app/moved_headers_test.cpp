// Who includes a public header by the path that an earlier version had is told the new one.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "app/shell.hpp"
#include "temporary_folder.hpp"

namespace ktb::tests {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

const fs::path kSource = KTB_SOURCE_DIR, kBuild = KTB_BUILD_DIR;

std::string text_of(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

TEST(MovedHeaders, EveryOldPathNamesAFileThatIsThere) {
  std::ifstream lines(kSource / "cmake/moved_headers.txt");
  int count = 0;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with('#')) continue;
    std::istringstream words(line);
    std::string old_path, new_path;
    words >> old_path >> new_path;
    const auto root = new_path.starts_with("ktb/") ? kSource / "harness/include" : kSource;
    EXPECT_TRUE(fs::is_regular_file(root / new_path)) << line;
    EXPECT_FALSE(fs::exists(kSource / "harness/include" / old_path)) << line;
    EXPECT_THAT(text_of(kBuild / "moved" / old_path),
                HasSubstr("#error \"" + old_path + " is now " + new_path));
    ++count;
  }
  EXPECT_GT(count, 40);
}

/// What the compiler says of a new method that includes `header`, built with that ktbench's SDK.
Outcome built_with(const std::string& header, const fs::path& ktbench) {
  const TemporaryFolder folder;
  const auto here = "cd " + folder.path().string() + " && ";
  const auto written = run_command(here + ktbench.string() + " plugin new method mine");
  EXPECT_EQ(written.code, 0) << written.text;
  const auto file = folder.path() / "mine/mine.cpp";
  const auto code = "#include \"" + header + "\"\n" + text_of(file);
  std::ofstream(file) << code;
  const auto configured = run_command(here + "cmake -S mine -B build");
  EXPECT_EQ(configured.code, 0) << configured.text;
  return run_command(here + "cmake --build build");
}

std::size_t count_of(const std::string& word, const std::string& text) {
  std::size_t count = 0;
  for (auto at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) ++count;
  return count;
}

void expect_one_line(const fs::path& ktbench) {
  const auto moved = built_with("ktb/losses.hpp", ktbench);
  EXPECT_NE(moved.code, 0);
  EXPECT_THAT(moved.text, HasSubstr("ktb/losses.hpp is now ktb/transfer/losses.hpp"));
  EXPECT_EQ(count_of(" error: ", moved.text), 1U) << moved.text;
}

TEST(MovedHeaders, SlowAnOldPathIsOneLineInTheBuildTree) {
  expect_one_line(kBuild / "bin/ktbench");
}

TEST(MovedHeaders, SlowAnOldPathIsOneLineInTheInstalledTree) {
  const TemporaryFolder prefix;
  const auto installed =
      run_command("cmake --install " + kBuild.string() + " --prefix " + prefix.path().string());
  ASSERT_EQ(installed.code, 0) << installed.text;
  expect_one_line(prefix.path() / "bin/ktbench");
  const auto now = built_with("ktb/transfer/losses.hpp", prefix.path() / "bin/ktbench");
  EXPECT_EQ(now.code, 0) << now.text;
}

}  // namespace
}  // namespace ktb::tests
