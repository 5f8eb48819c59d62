// The conformance kit over every plugin of this tree.
#include "run/kit/conformance.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <sstream>
#include <vector>

namespace ktb::run {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> libraries() {
  std::vector<std::string> all;
  for (const auto& entry : fs::recursive_directory_iterator(KTB_PLUGIN_DIR))
    if (entry.path().extension() == ".so") all.push_back(entry.path().string());
  std::sort(all.begin(), all.end());
  return all;
}

/// What a plugin cannot do without.
core::Json needed_by(const std::string& plugin) {
  if (plugin != "torchscript") return core::Json::object();
  return {{"file", KTB_SOURCE_DIR "/tests/plugins/models/torchscript/trunk.pt"}};
}

struct Conformance : testing::TestWithParam<std::string> {};

TEST_P(Conformance, Holds) {
  Registry registry({KTB_PLUGIN_DIR});
  std::ostringstream out;
  const auto options = needed_by(fs::path(GetParam()).stem().string());
  EXPECT_EQ(test_plugin(registry, GetParam(), {}, out, options), 0) << out.str();
  EXPECT_THAT(out.str(),
              testing::ContainsRegex("\n[1-9][0-9]* passed, 0 failed, [0-9]+ skipped\n$"));
}

INSTANTIATE_TEST_SUITE_P(Plugins, Conformance, testing::ValuesIn(libraries()),
                         [](const auto& info) { return fs::path(info.param).stem().string(); });

}  // namespace
}  // namespace ktb::run
