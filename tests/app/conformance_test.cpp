// The conformance kit through the real binaries, over plugins that it must refuse. tests/run/kit
// has it over every plugin of this tree.
#include <gmock/gmock.h>

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

TEST(ConformanceKit, TellsAPluginThatCannotBeLoaded) {
  const auto [code, text] = test_plugin(KTB_TEST_PLUGIN_DIR "/wrong_torch.so");
  EXPECT_EQ(code, 3) << text;
  EXPECT_THAT(text, HasSubstr("torch: plugin 1.13.1"));
}

}  // namespace
}  // namespace ktb::tests
