// Whole trials on a device that stands for a GPU: whatever a suite asks for trains there, in two
// steps, to the CPU's numbers, and no step waits for the device but those that must.
#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "app/shell.hpp"
#include "core/base/json.hpp"
#include "must_wait.hpp"
#include "temporary_folder.hpp"

namespace ktb::tests {
namespace {

namespace fs = std::filesystem;
using core::Json;

/// A suite, and which of its cells (all: none is named).
struct Part {
  std::string suite, filters;
};

/// Records by what was run.
using Records = std::map<std::string, Json>;

Json read(const fs::path& path) {
  std::ifstream file(path);
  return Json::parse(file, nullptr, /*allow_exceptions=*/false);
}

/// All that decides a trial but for the device, and for its sources' keys, which have that in them.
std::string what_was_run(const Json& trial) {
  auto fields = trial.at("fields");
  fields.erase("device");
  for (auto& source : fields.at("sources")) source.erase("trial");
  return trial.at("axes").dump() + fields.dump();
}

Records records_in(const fs::path& results) {
  Records all;
  for (const auto& entry : fs::directory_iterator(results / "trials")) {
    const auto record = read(entry.path() / "record.json");
    if (!record.is_object()) continue;
    const auto [at, fresh] =
        all.try_emplace(what_was_run(read(entry.path() / "trial.json")), record);
    EXPECT_TRUE(fresh) << entry.path() << " is the trial of " << at->second.at("id");
  }
  return all;
}

/// By the plugins that took part, since a suite gives methods names of its own.
bool may_wait(const Json& record) {
  const auto& plugins = record.at("provenance").at("plugins");
  return record.at("examples").contains(kWhoActsWaits) ||
         std::ranges::any_of(must_wait(),
                             [&](const auto& one) { return plugins.contains(one.first); });
}

/// What a device that judges in larger batches may round another way, relative.
constexpr double kRounding = 1e-6;

void expect_same_numbers(const std::string& axes, const char* what, const Json& expected,
                         const Json& actual) {
  ASSERT_EQ(actual.size(), expected.size()) << axes << " " << what;
  for (const auto& [name, value] : expected.items()) {
    ASSERT_TRUE(actual.contains(name)) << axes << " " << name;
    const auto a = value.get<double>(), b = actual.at(name).get<double>();
    EXPECT_NEAR(a, b, kRounding * std::max(1.0, std::abs(a))) << axes << " " << what << " " << name;
  }
}

/// A recurrent network's cell is fused on a device, composed of other operators than on a CPU.
bool rounds_alike(const Json& record) {
  return !record.at("provenance").at("plugins").contains("bigru");
}

void expect_trained_without_waiting(const std::string& axes, const Json& on_mock) {
  EXPECT_EQ(on_mock.at("status"), "ok") << axes << on_mock.value("reason", "");
  EXPECT_EQ(on_mock.at("provenance").at("device"), "mock");
  const auto& cost = on_mock.at("cost");
  const bool counted = cost.contains("waits_per_step") && !may_wait(on_mock);
  EXPECT_EQ(counted ? cost.at("waits_per_step").get<double>() : 0.0, 0.0) << axes;
}

void expect_equal(const std::string& axes, const Json& on_cpu, const Json& on_mock) {
  expect_trained_without_waiting(axes, on_mock);
  if (rounds_alike(on_cpu))
    EXPECT_EQ(on_mock.at("terms"), on_cpu.at("terms")) << axes;
  else
    expect_same_numbers(axes, "terms", on_cpu.at("terms"), on_mock.at("terms"));
  expect_same_numbers(axes, "metrics", on_cpu.at("metrics"), on_mock.at("metrics"));
}

class OnBothDevices : public testing::TestWithParam<Part> {
 protected:
  void run_and_compare() const {
    const auto on_cpu = run("cpu");
    if (on_cpu.text.find("scripts/setup --data") != std::string::npos && on_cpu.code != 0)
      GTEST_SKIP() << on_cpu.text;
    ASSERT_EQ(on_cpu.code, 0) << on_cpu.text;
    const auto on_mock = run("mock");
    ASSERT_EQ(on_mock.code, 0) << on_mock.text;
    const auto expected = records("cpu"), actual = records("mock");
    ASSERT_FALSE(expected.empty());
    ASSERT_EQ(actual.size(), expected.size());
    for (const auto& [what, record] : expected) {
      ASSERT_TRUE(actual.contains(what)) << what;
      expect_equal(record.at("axes").dump(), record, actual.at(what));
    }
  }

  void run_on_mock() const {
    const auto [code, text] = run("mock");
    if (text.find("scripts/setup --data") != std::string::npos && code != 0) GTEST_SKIP() << text;
    ASSERT_EQ(code, 0) << text;
    const auto all = records("mock");
    ASSERT_FALSE(all.empty());
    for (const auto& [what, record] : all)
      expect_trained_without_waiting(record.at("axes").dump(), record);
  }

 private:
  Outcome run(const std::string& device) const {
    const auto& [suite, filters] = GetParam();
    return run_command(KTB_BIN_DIR "/ktbench run " KTB_SOURCE_DIR "/suites/" + suite +
                       ".toml --smoke --set seeds=1 -j1 " + filters + " --device " + device +
                       " --results " + (folder_.path() / device).string());
  }
  Records records(const std::string& device) const { return records_in(folder_.path() / device); }

  TemporaryFolder folder_;
};

std::string name_of(const testing::TestParamInfo<Part>& info) {
  auto name = info.param.suite;
  std::ranges::replace(name, '/', '_');
  return name;
}

using MockSlow = OnBothDevices;
TEST_P(MockSlow, EqualsTheCpuAndDoesNotWait) { run_and_compare(); }

// These have all kinds of tasks and inputs between them, both learners and most methods. Each has
// an entry of ctest, so that they run side by side.
INSTANTIATE_TEST_SUITE_P(Tour, MockSlow, testing::Values(Part{"tour", ""}), name_of);
INSTANTIATE_TEST_SUITE_P(Control, MockSlow,
                         testing::Values(Part{"hub/control", ""}, Part{"hub/learners", ""}),
                         name_of);
INSTANTIATE_TEST_SUITE_P(Hub, MockSlow, testing::Values(Part{"hub/vision_homogeneous", ""}),
                         name_of);
INSTANTIATE_TEST_SUITE_P(Distillation, MockSlow,
                         testing::Values(Part{"distillation/cifar100_same",
                                              "--filter 'deep -> resnet8' "
                                              "--filter 'resnet8 -> self'"}),
                         name_of);

using MockSuites = OnBothDevices;
TEST_P(MockSuites, SlowTrainAndDoNotWait) { run_on_mock(); }
TEST_P(MockSuites, NightlyEqualTheCpuAndDoNotWait) { run_and_compare(); }

INSTANTIATE_TEST_SUITE_P(Small, MockSuites,
                         testing::Values(Part{"quickstart", ""}, Part{"known_effects", ""},
                                         Part{"distillation/transfer", ""}),
                         name_of);
INSTANTIATE_TEST_SUITE_P(Same, MockSuites, testing::Values(Part{"distillation/cifar100_same", ""}),
                         name_of);
INSTANTIATE_TEST_SUITE_P(Cross, MockSuites,
                         testing::Values(Part{"distillation/cifar100_cross", ""}), name_of);
INSTANTIATE_TEST_SUITE_P(Hub, MockSuites,
                         testing::Values(Part{"hub/ablation", ""}, Part{"hub/cost", ""},
                                         Part{"hub/vision_heterogeneous", ""}),
                         name_of);
INSTANTIATE_TEST_SUITE_P(Mergenet, MockSuites,
                         testing::Values(Part{"mergenet/ablation", ""},
                                         Part{"mergenet/cross_modal", ""},
                                         Part{"mergenet/cross_structure", ""},
                                         Part{"mergenet/cross_task", ""},
                                         Part{"mergenet/frozen", ""}, Part{"mergenet/in_small", ""},
                                         Part{"mergenet/self", ""}),
                         name_of);

}  // namespace
}  // namespace ktb::tests
