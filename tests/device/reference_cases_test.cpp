// Reference cases whose answers a device computes.
#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <sstream>
#include <vector>

#include "device/place.hpp"
#include "run/check/check.hpp"

namespace ktb::tests {
namespace {

namespace fs = std::filesystem;

/// Without kdsvd, for the signs of its singular vectors, and without what needs published files.
std::vector<std::string> folders() {
  static constexpr std::array kWithout = {"kdsvd", "model_minilm", "tokeniser_wordpiece"};
  std::vector<std::string> all;
  for (const auto& entry : fs::directory_iterator(source_dir() + "/tests/vectors"))
    if (const auto name = entry.path().filename().string();
        entry.is_directory() && std::ranges::find(kWithout, name) == kWithout.end())
      all.push_back(name);
  std::ranges::sort(all);
  return all;
}

struct DeviceCases : testing::TestWithParam<std::string> {};

TEST_P(DeviceCases, Agree) {
  run::Registry registry({plugin_dir()});
  std::ostringstream out;
  EXPECT_EQ(run::check(registry, {source_dir() + "/tests/vectors/" + GetParam()}, out, device()), 0)
      << out.str();
  EXPECT_THAT(out.str(), testing::ContainsRegex("[0-9]+ passed, 0 failed, [0-9]+ skipped\n$"));
}

INSTANTIATE_TEST_SUITE_P(Vectors, DeviceCases, testing::ValuesIn(folders()),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace ktb::tests
