// The conformance kit through the real binaries, over plugins that it must refuse. tests/run/kit
// has it over every plugin of this tree.
#include <gmock/gmock.h>

#include <cctype>
#include <string>

#include "app/shell.hpp"

namespace ktb::tests {
namespace {

using testing::HasSubstr;

Outcome test_plugin(const std::string& library) {
  return run_command(KTB_BIN_DIR "/ktbench plugin test " + library);
}

TEST(ConformanceKit, PassesAMethodOfThisTree) {
  const auto [code, text] = test_plugin(KTB_PLUGIN_DIR "/methods/kd.so");
  EXPECT_EQ(code, 0) << text;
  EXPECT_THAT(text, testing::ContainsRegex("\n[1-9][0-9]* passed, 0 failed, [0-9]+ skipped\n$"));
}

TEST(ConformanceKit, RefusesWhatCannotLearn) {
  const auto [code, text] = test_plugin(KTB_TEST_PLUGIN_DIR "/never_learns.so");
  EXPECT_EQ(code, 1) << text;
  EXPECT_THAT(text, HasSubstr("FAILED  without a source: a gradient reaches what is trained: after "
                              "a step every gradient is zero or missing: it can never learn"));
}

TEST(ConformanceKit, RefusesWhatThrows) {
  const auto [code, text] = test_plugin(KTB_TEST_PLUGIN_DIR "/broken.so");
  EXPECT_EQ(code, 1) << text;
  EXPECT_THAT(text, HasSubstr("FAILED  without a source: a few steps run: no more steps for a loss "
                              "of one number"));
}

TEST(ConformanceKit, RefusesStateThatNoCheckpointSees) {
  const auto [code, text] = test_plugin(KTB_TEST_PLUGIN_DIR "/forgets.so");
  EXPECT_EQ(code, 1) << text;
  EXPECT_THAT(text, HasSubstr("FAILED  without a source: saved and loaded, it predicts and learns "
                              "the same: "));
}

TEST(ConformanceKit, RefusesABankThatNoCheckpointSees) {
  const auto [code, text] = test_plugin(KTB_TEST_PLUGIN_DIR "/hoards.so");
  EXPECT_EQ(code, 1) << text;
  EXPECT_THAT(text, HasSubstr("FAILED  without a source: saved and loaded, it predicts and learns "
                              "the same: predict() answers differently"));
}

TEST(ConformanceKit, RefusesRandomNumbersThatNoSeedRules) {
  const auto [code, text] = test_plugin(KTB_TEST_PLUGIN_DIR "/rolls_dice.so");
  EXPECT_EQ(code, 1) << text;
  EXPECT_THAT(text, HasSubstr("FAILED  without a source: the same seed gives the same bytes"));
}

TEST(ConformanceKit, RefusesWritesIntoAFrozenSource) {
  const auto [code, text] = test_plugin(KTB_TEST_PLUGIN_DIR "/writes_source.so");
  EXPECT_EQ(code, 1) << text;
  EXPECT_THAT(text, HasSubstr("FAILED  equal widths, source trained: a frozen source keeps every "
                              "bit and gets no gradient: source0.fc.weight has changed"));
}

TEST(ConformanceKit, RefusesUndeclaredParameters) {
  const auto [code, text] = test_plugin(KTB_TEST_PLUGIN_DIR "/hides_parameters.so");
  EXPECT_EQ(code, 1) << text;
  EXPECT_THAT(text, HasSubstr("predict() uses method.mix.weight, which deployed() leaves out"));
}

/// The kit on one of the two devices that every machine has.
Outcome test_on(const std::string& device, const std::string& how) {
  return test_plugin(KTB_TEST_PLUGIN_DIR "/leaves_device.so --option how=\"" + how +
                     "\" --device " + device);
}

/// What it does, and what is said of that.
struct DeviceFault {
  std::string how, operation, argument, cure;
};

struct ConformanceKitOnADevice : testing::TestWithParam<DeviceFault> {};

TEST_P(ConformanceKitOnADevice, RefusesWhatTheCpuLetsPass) {
  const auto& [how, operation, argument, cure] = GetParam();
  const auto on_cpu = test_on("cpu", how);
  EXPECT_EQ(on_cpu.code, 0) << on_cpu.text;
  const auto [code, text] = test_on("mock", how);
  EXPECT_EQ(code, 1) << text;
  EXPECT_THAT(text, testing::ContainsRegex("FAILED  without a source: a few steps run: [^\n]*" +
                                           argument + "[^\n]*" + operation + "[^\n]*" + cure));
}

constexpr const char* kMakeThere = "Cure: make each tensor where those are that it meets";
INSTANTIATE_TEST_SUITE_P(
    Faults, ConformanceKitOnADevice,
    testing::Values(DeviceFault{"labels", "aten::nll_loss_forward", "argument target in",
                                kMakeThere},
                    DeviceFault{"a full tensor", "aten::mul", "argument other in", kMakeThere},
                    DeviceFault{"arange", "aten::index_select", "argument index in", kMakeThere},
                    DeviceFault{"a sum from zeros", "aten::add_", "argument self in", kMakeThere},
                    DeviceFault{"a CPU's generator", "", "for generator but found 'cpu'",
                                "Cure: draw without a generator"}),
    [](const auto& info) {
      auto name = info.param.how;
      std::erase_if(name, [](char c) { return !std::isalpha(c); });
      return name;
    });

TEST(ConformanceKit, TellsOfAHostThatReadsADevicesMemory) {
  const auto on_cpu = test_on("cpu", "reads on the host");
  EXPECT_EQ(on_cpu.code, 0) << on_cpu.text;
  const auto [code, text] = test_on("mock", "reads on the host");
  EXPECT_NE(code, 0) << text;
  EXPECT_THAT(text, HasSubstr("leaves_device.so"));
  EXPECT_THAT(text, HasSubstr("A host that reads a device's memory ends so: data_ptr() of a tensor "
                              "there. Cure: compute with tensors"));
}

TEST(ConformanceKit, CountsHowOftenAStepWaits) {
  const auto [code, text] = test_on("mock", "waits");
  EXPECT_EQ(code, 0) << text;
  EXPECT_THAT(text, HasSubstr("note    without a source: waits of the host: 1 a step\n"));
  const auto on_cpu = test_on("cpu", "waits");
  EXPECT_THAT(on_cpu.text, testing::Not(HasSubstr("waits of the host")));
}

TEST(ConformanceKit, TellsAPluginThatCannotBeLoaded) {
  const auto [code, text] = test_plugin(KTB_TEST_PLUGIN_DIR "/wrong_torch.so");
  EXPECT_EQ(code, 3) << text;
  EXPECT_THAT(text, HasSubstr("torch: plugin 1.13.1"));
}

}  // namespace
}  // namespace ktb::tests
