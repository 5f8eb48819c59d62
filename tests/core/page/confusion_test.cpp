// What the classes of a cell were taken for, as its drawer shows it.
#include <gmock/gmock.h>

#include "core/page/markup.hpp"
#include "core/page/parts.hpp"
#include "core/table/report_fixture.hpp"

namespace ktb::core {
namespace {

using testing::count;
using ::testing::HasSubstr;
using ::testing::Not;

class ConfusionChart : public ::testing::Test {
 protected:
  std::string chart() const {
    Entry entry;
    for (const auto& [trial, confusion] : input_.confusions)
      entry.trials[entry.trials.size()] = trial;
    return confusion_chart(input_, entry);
  }

  const testing::Bench bench_;
  PageInput input_{bench_.plan, {}, {}, {}, {}};
};

TEST_F(ConfusionChart, SumsItsSeedsAndSaysWhatIsTakenForWhat) {
  input_.confusions["a"] = {{"shirt", "coat"}, {{6, 4}, {0, 10}}};
  input_.confusions["b"] = {{"shirt", "coat"}, {{8, 2}, {1, 9}}};
  const std::string text = chart();
  EXPECT_THAT(text, HasSubstr("Most often taken: shirt for coat (30 %), coat for shirt (5 %)."));
  EXPECT_THAT(text, HasSubstr("over 2 seeds"));
  EXPECT_THAT(text,
              HasSubstr(R"(<th scope="row">shirt</th><td class="share" style="--w:70.0%">70.0)"));
  EXPECT_THAT(text,
              HasSubstr(R"(<th scope="row">coat</th><td class="share" style="--w:95.0%">95.0)"));
  EXPECT_EQ(count(text, "class=\"heat s1"), 2U) << "70 and 95 %";
  EXPECT_EQ(count(text, "class=\"heat s2 o5\""), 1U) << "the most frequent mistake";
  EXPECT_EQ(count(text, "class=\"heat s2 o1\""), 1U);
}

TEST_F(ConfusionChart, ClassesWithoutNamesHaveNumbers) {
  input_.confusions["a"] = {{}, {{0, 3}, {0, 0}}};
  EXPECT_THAT(chart(), HasSubstr("class 0 for class 1 (100 %)"));
}

TEST_F(ConfusionChart, OfManyClassesTheWorstAreListedAndNoneIsNamedAtTheSide) {
  Confusion& many = input_.confusions["a"];
  for (std::uint64_t i = 0; i < 100; ++i) {
    many.counts.emplace_back(100);
    many.counts[i][i] = 100 + i;
    many.counts[i][(i + 1) % 100] = 10;
  }
  const std::string text = chart();
  EXPECT_THAT(text, HasSubstr("the worst 20 of 100"));
  EXPECT_EQ(count(text, "<th scope=\"row\">"), 20U);
  EXPECT_THAT(text, Not(HasSubstr("<text")));
}

TEST_F(ConfusionChart, IsNotThereWithoutAnswersAndSaysWhenAllAreRight) {
  EXPECT_EQ(chart(), "");
  input_.confusions["a"] = {{}, {{3, 0}, {0, 3}}};
  EXPECT_THAT(chart(), HasSubstr("Nothing is taken for anything else"));
}

TEST_F(ConfusionChart, WhatCannotBeSummedIsLeftOut) {
  constexpr auto kMost = ~std::uint64_t{0};
  input_.confusions["a"] = {{}, {{kMost, kMost}, {0, 0}}};
  input_.confusions["b"] = {{}, {{kMost, kMost}, {0, 0}}};
  input_.confusions["c"] = {{}, {{1}}};
  const std::string text = chart();
  EXPECT_THAT(text, HasSubstr("over 2 seeds"));
  EXPECT_THAT(text, HasSubstr("class 0 for class 1 (50 %)"));
  EXPECT_THAT(text, Not(HasSubstr("nan")));
}

}  // namespace
}  // namespace ktb::core
