#include "core/store/class_figures.hpp"

#include <gmock/gmock.h>

namespace ktb::core {
namespace {

TEST(ClassFigures, CountRowsAsExamplesAndColumnsAsAnswers) {
  const auto all = class_figures({{"shirt", "coat"}, {{6, 4}, {1, 9}}});
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].name, "shirt");
  EXPECT_EQ(all[0].examples, 10U);
  EXPECT_EQ(all[0].answers, 7U);
  EXPECT_DOUBLE_EQ(all[0].recall(), 0.6);
  EXPECT_DOUBLE_EQ(all[0].precision(), 6.0 / 7);
  EXPECT_DOUBLE_EQ(all[0].f1(), 2 * 0.6 * (6.0 / 7) / (0.6 + 6.0 / 7));
  EXPECT_DOUBLE_EQ(all[1].precision(), 9.0 / 13);
}

TEST(ClassFigures, OfNothingAreZero) {
  const auto all = class_figures({{}, {{3, 0}, {0, 0}}});
  EXPECT_EQ(all[1].name, "class 1");
  EXPECT_EQ(all[1].recall(), 0);
  EXPECT_EQ(all[1].precision(), 0);
  EXPECT_EQ(all[1].f1(), 0);
}

TEST(ClassFigures, MistakesComeInTheOrderOfTheirShare) {
  const auto found = mistakes({{}, {{98, 2, 0}, {5, 5, 0}, {0, 1, 9}}});
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[0].truth, 1U);
  EXPECT_EQ(found[0].answer, 0U);
  EXPECT_DOUBLE_EQ(found[0].share, 0.5);
  EXPECT_EQ(found[1].truth, 2U);
  EXPECT_EQ(found[2].truth, 0U);
}

}  // namespace
}  // namespace ktb::core
