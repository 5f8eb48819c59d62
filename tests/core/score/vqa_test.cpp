// Rules of VQA's scorer, worked out by hand; the reference cases run in tests/run/check.
#include "core/score/vqa.hpp"

#include <gmock/gmock.h>

namespace ktb::core {
namespace {

using testing::ElementsAre;
using testing::Pair;

std::vector<std::string> ten(const std::string& some, std::size_t count,
                             const std::string& others) {
  std::vector<std::string> answers(count, some);
  answers.resize(10, others);
  return answers;
}

TEST(VqaCleaned, MarksAreBlanksUnlessOneStandsNextToABlank) {
  EXPECT_EQ(vqa_cleaned("black/white"), "black white");
  EXPECT_EQ(vqa_cleaned("black/ white/red"), "black whitered") << "all of them, then";
  EXPECT_EQ(vqa_cleaned("black-white, red"), "black white red") << "each mark for itself";
  EXPECT_EQ(vqa_cleaned("1,250-300"), "1250300") << "digits around a comma delete every mark";
  EXPECT_EQ(vqa_cleaned("a,b"), "b");
}

TEST(VqaCleaned, FullStopsGoUnlessADigitFollows) {
  EXPECT_EQ(vqa_cleaned("yes."), "yes");
  EXPECT_EQ(vqa_cleaned("3.5 p.m."), "3.5 pm");
  EXPECT_EQ(vqa_cleaned("x.5"), "x.5");
  EXPECT_EQ(vqa_cleaned("x" + std::string(34, '.')), "x..") << "the first 32 only";
}

TEST(VqaCleaned, NumbersArticlesAndContractions) {
  EXPECT_EQ(vqa_cleaned("None of THE ten"), "0 of 10");
  EXPECT_EQ(vqa_cleaned("isnt hadn'tve hadnt've hadntve"), "isn't hadn't've hadn't've hadntve");
  EXPECT_EQ(vqa_cleaned("somebody'd"), "somebodyd");
  EXPECT_EQ(vqa_cleaned("ows'at Im lets shes"), "ows'at im lets shes") << "two apostrophes short";
  EXPECT_EQ(vqa_cleaned("'ows'at yalld've"), "'ow's'at yalld've");
  EXPECT_EQ(vqa_cleaned("do/nt"), "do nt") << "looked up after the marks are gone";
}

TEST(VqaComparison, CleansOnlyWhereAnswersDiffer) {
  const auto same = vqa_comparison(std::vector<std::string>(10, " Red\n"), "\tRed ");
  EXPECT_FALSE(same.cleaned);
  EXPECT_EQ(same.prediction, "Red");
  EXPECT_EQ(same.accuracy(), 1);
  EXPECT_EQ(vqa_comparison(std::vector<std::string>(10, "Red"), "red").accuracy(), 0);

  const auto mixed = vqa_comparison(ten("Red!", 9, "blue"), "the red");
  EXPECT_TRUE(mixed.cleaned);
  EXPECT_EQ(mixed.answers.front(), "red");
  EXPECT_EQ(mixed.accuracy(), 1);
}

TEST(VqaComparison, EachAnswerIsLeftOutOnce) {
  const auto accuracy = [](std::size_t alike) {
    return vqa_comparison(ten("red", alike, "blue"), "red").accuracy();
  };
  EXPECT_DOUBLE_EQ(accuracy(0), 0);
  EXPECT_DOUBLE_EQ(accuracy(1), 0.3);
  EXPECT_DOUBLE_EQ(accuracy(2), 0.6);
  EXPECT_DOUBLE_EQ(accuracy(3), 0.9);
  EXPECT_DOUBLE_EQ(accuracy(4), 1);
}

TEST(VqaTotals, MeansOverallAndByType) {
  const std::vector<VqaQuestion> questions = {{"1", "is there", "yes/no", {}},
                                              {"2", "how many", "number", {}},
                                              {"3", "is there", "other", {}}};
  const auto totals = vqa_totals(questions, {1, 0.3, 0});
  EXPECT_DOUBLE_EQ(totals.overall, 1.3 / 3);
  EXPECT_THAT(totals.by_answer_type,
              ElementsAre(Pair("number", 0.3), Pair("other", 0), Pair("yes/no", 1)));
  EXPECT_THAT(totals.by_question_type, ElementsAre(Pair("how many", 0.3), Pair("is there", 0.5)));
}

}  // namespace
}  // namespace ktb::core
