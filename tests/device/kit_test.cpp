// The conformance kit over every plugin of this tree, on a device.
#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <regex>
#include <sstream>
#include <vector>

#include "device/place.hpp"
#include "must_wait.hpp"
#include "run/kit/conformance.hpp"
#include "run/train/cuda_module.hpp"

namespace ktb::tests {
namespace {

namespace fs = std::filesystem;

/// Those of one kind; methods in as many parts as can run side by side.
std::vector<std::string> libraries(const std::string& kind, std::size_t part = 0,
                                   std::size_t parts = 1) {
  std::vector<std::string> all, some;
  for (const auto& entry : fs::recursive_directory_iterator(plugin_dir() + "/" + kind))
    if (entry.path().extension() == ".so") all.push_back(entry.path().string());
  std::ranges::sort(all);
  for (std::size_t i = part; i < all.size(); i += parts) some.push_back(all[i]);
  return some;
}

std::string name_of(const std::string& library) { return fs::path(library).stem().string(); }

/// What a plugin cannot do without.
core::Json needed_by(const std::string& plugin) {
  if (plugin != "torchscript") return core::Json::object();
  return {{"file", source_dir() + "/tests/plugins/models/torchscript/trunk.pt"}};
}

/// Of a step, in the pairing where it is most.
std::int64_t most_waits(const std::string& report) {
  static const std::regex kLine("waits of the host: ([0-9]+) a step");
  std::int64_t most = 0;
  for (std::sregex_iterator at(report.begin(), report.end(), kLine), end; at != end; ++at)
    most = std::max<std::int64_t>(most, std::stoll((*at)[1].str()));
  return most;
}

struct DeviceKit : testing::TestWithParam<std::string> {};

TEST_P(DeviceKit, Holds) {
  run::Registry registry({plugin_dir()});
  std::ostringstream out;
  const auto plugin = name_of(GetParam());
  EXPECT_EQ(run::test_plugin(registry, GetParam(), {}, out, needed_by(plugin), device()), 0)
      << out.str();
  EXPECT_THAT(out.str(),
              testing::ContainsRegex("\n[1-9][0-9]* passed, 0 failed, [0-9]+ skipped\n$"));
  if (run::cuda_module().waits() < 0) return;
  const auto listed = must_wait().find(plugin);
  if (listed != must_wait().end()) {
    EXPECT_GT(most_waits(out.str()), 0) << "take it off the list: " << listed->second;
    return;
  }
  EXPECT_EQ(most_waits(out.str()), 0)
      << "KTB_MOCK_PLACES=1 ktbench plugin test " << GetParam() << " --device mock says where\n"
      << out.str();
  EXPECT_THAT(out.str(), testing::Not(testing::HasSubstr(": no: "))) << "it is not recorded";
}

const auto named = [](const auto& info) { return name_of(info.param); };
INSTANTIATE_TEST_SUITE_P(Methods0, DeviceKit, testing::ValuesIn(libraries("methods", 0, 3)), named);
INSTANTIATE_TEST_SUITE_P(Methods1, DeviceKit, testing::ValuesIn(libraries("methods", 1, 3)), named);
INSTANTIATE_TEST_SUITE_P(Methods2, DeviceKit, testing::ValuesIn(libraries("methods", 2, 3)), named);
INSTANTIATE_TEST_SUITE_P(Models, DeviceKit, testing::ValuesIn(libraries("models")), named);

}  // namespace
}  // namespace ktb::tests
