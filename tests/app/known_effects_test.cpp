// The effects that the literature knows are there: what a benchmark has to show before its other
// numbers count. Trains for minutes, on real data.
#include <gmock/gmock.h>

#include <fstream>
#include <iterator>
#include <regex>
#include <string>

#include "app/shell.hpp"
#include "temporary_folder.hpp"

namespace ktb::tests {
namespace {

std::ptrdiff_t count(const std::string& text, const char* pattern) {
  const std::regex wanted(pattern);
  return std::distance(std::sregex_iterator(text.begin(), text.end(), wanted),
                       std::sregex_iterator());
}

TEST(KnownEffects, NightlyEveryClaimOfTheSuiteHolds) {
  const std::string suite = KTB_SOURCE_DIR "/suites/known_effects.toml";
  const TemporaryFolder folder;
  const std::string command = " " + suite + " --results " + folder.path().string();
  if (run_command(KTB_BIN_DIR "/ktbench plan" + command).text.find("MISSING") != std::string::npos)
    GTEST_SKIP() << "data are missing: scripts/setup --data";
  const auto [code, text] = run_command(KTB_BIN_DIR "/ktbench run" + command);
  ASSERT_EQ(code, 0) << text;
  std::ifstream file(suite);
  const std::string written((std::istreambuf_iterator<char>(file)), {});
  const auto claims = count(written, R"(\{ say = )");
  EXPECT_GT(claims, 8);
  EXPECT_EQ(count(text, " holds\n"), claims) << text;
}

}  // namespace
}  // namespace ktb::tests
