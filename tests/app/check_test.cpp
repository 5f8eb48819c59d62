// Reference cases through the real binaries; tests/run/check has all that this tree answers.
#include <gmock/gmock.h>

#include "app/shell.hpp"

namespace ktb::tests {
namespace {

Outcome check(const std::string& folder) {
  return run_command(KTB_BIN_DIR "/ktbench plugin check " KTB_SOURCE_DIR "/tests/vectors/" +
                     folder);
}

TEST(ReferenceCase, OfAMethodAgrees) {
  const auto [code, text] = check("kd");
  EXPECT_EQ(code, 0) << text;
  EXPECT_THAT(text, testing::EndsWith("4 passed, 0 failed, 0 skipped\n"));
}

TEST(ReferenceCase, OfTheTokeniserAgreesWhereTheVocabularyIs) {
  const auto [code, text] = check("tokeniser_wordpiece");
  EXPECT_EQ(code, 0) << text;
  if (text.find("vocab.txt is not here; scripts/setup --data") != std::string::npos)
    GTEST_SKIP() << text;
  EXPECT_THAT(text, testing::EndsWith("4 passed, 0 failed, 0 skipped\n"));
}

TEST(ReferenceCase, OfStatisticsAgrees) {
  const auto [code, text] = check("stats");
  EXPECT_EQ(code, 0) << text;
  EXPECT_THAT(text, testing::EndsWith("11 passed, 0 failed, 0 skipped\n"));
}

}  // namespace
}  // namespace ktb::tests
