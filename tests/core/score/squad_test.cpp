// Rules of SQuAD's scorer, worked out by hand; the reference cases run in tests/run/check.
#include "core/score/squad.hpp"

#include <gmock/gmock.h>

namespace ktb::core {
namespace {

using testing::ElementsAre;

SquadScore score(const std::vector<std::string>& answers, const std::string& prediction,
                 SquadRules rules = SquadRules::kV1) {
  return SquadJudge(answers, rules).score(squad_words(prediction));
}

SquadQuestion question(std::vector<std::string> answers, std::optional<std::string> prediction,
                       double na_probability = 0) {
  return {"", std::move(answers), std::move(prediction), na_probability};
}

TEST(SquadNormalised, PunctuationGoesBeforeArticles) {
  EXPECT_EQ(squad_normalised("  The U.S.A., a half-open\tGate! "), "usa halfopen gate");
  EXPECT_EQ(squad_normalised("(a) 'an' t.h.e other"), "other");
  EXPECT_EQ(squad_normalised("than theatre an_ a1"), "than theatre a1");
  EXPECT_EQ(squad_normalised("the the a"), "");
}

TEST(SquadNormalised, WordsEndAtWhatIsNoLetterOrDigit) {
  EXPECT_EQ(squad_normalised("the\xE2\x80\x99sail"), "\xE2\x80\x99sail");
  EXPECT_EQ(squad_normalised("the\xC2\xB2"), "the\xC2\xB2") << "a raised two is part of a word";
  EXPECT_EQ(squad_normalised("x\xC2\xA0y\x1Cz"), "x y z");
}

TEST(SquadScores, F1CountsCommonWordsWithTheirNumber) {
  EXPECT_THAT(squad_words("red red bus"), ElementsAre("red", "red", "bus"));
  EXPECT_DOUBLE_EQ(score({"red red bus"}, "red bus bus").f1, 2.0 * 2 / 6);
  EXPECT_DOUBLE_EQ(score({"twelve boats"}, "twelve small boats").f1, 0.8);
  EXPECT_EQ(score({"twelve boats"}, "boats twelve").f1, 1);
  EXPECT_EQ(score({"twelve boats"}, "boats twelve").exact, 0);
}

TEST(SquadScores, TheBestAnswerCounts) {
  const auto best = score({"nothing here", "The Bus."}, "bus");
  EXPECT_EQ(best.exact, 1);
  EXPECT_EQ(best.f1, 1);
}

TEST(SquadScores, RulesDifferWhereATextIsEmpty) {
  EXPECT_EQ(score({"the"}, "a", SquadRules::kV1).exact, 1);
  EXPECT_EQ(score({"the"}, "a", SquadRules::kV1).f1, 0);
  EXPECT_EQ(score({"the"}, "a", SquadRules::kV2).f1, 1);
  EXPECT_EQ(score({"the", "bus"}, "", SquadRules::kV1).exact, 1);
  EXPECT_EQ(score({"the", "bus"}, "", SquadRules::kV2).exact, 0) << "an empty answer is dropped";
  EXPECT_EQ(score({}, "...", SquadRules::kV2).exact, 1);
  EXPECT_EQ(score({}, "bus", SquadRules::kV2).f1, 0);
  EXPECT_EQ(score({}, "", SquadRules::kV1).exact, 0);
}

TEST(SquadScores, AMissingPredictionScoresZeroEvenWhereThereIsNoAnswer) {
  const auto scores = squad_scores({question({}, std::nullopt), question({}, "")}, SquadRules::kV2);
  EXPECT_EQ(scores[0].exact, 0);
  EXPECT_EQ(scores[1].exact, 1);
  const auto above = squad_at_threshold({question({}, std::nullopt, 1)}, {{0, 0}}, 0.5);
  EXPECT_EQ(above[0].exact, 0);
}

TEST(SquadScores, AboveTheThresholdNoAnswerIsMeant) {
  const std::vector<SquadQuestion> questions = {
      question({"bus"}, "bus", 0.6), question({}, "bus", 0.6), question({"bus"}, "bus", 0.5)};
  const auto scores = squad_at_threshold(questions, squad_scores(questions, SquadRules::kV2), 0.5);
  EXPECT_EQ(scores[0].f1, 0);
  EXPECT_EQ(scores[1].f1, 1);
  EXPECT_EQ(scores[2].f1, 1) << "equal is not above";
}

TEST(SquadTotals, SplitByWhetherThereIsAnAnswer) {
  const std::vector<SquadQuestion> questions = {question({"red bus"}, "bus"),
                                                question({"bus"}, "bus"), question({}, "bus"),
                                                question({"the"}, "")};
  const auto totals = squad_totals(questions, squad_scores(questions, SquadRules::kV2));
  EXPECT_EQ(totals.all.count, 4U);
  EXPECT_EQ(totals.has_answer.count, 3U) << "as given, though one is empty once normalised";
  EXPECT_EQ(totals.no_answer.count, 1U);
  EXPECT_DOUBLE_EQ(totals.has_answer.exact, 2.0 / 3);
  EXPECT_DOUBLE_EQ(totals.has_answer.f1, (2.0 / 3 + 1 + 1) / 3);
  EXPECT_EQ(totals.no_answer.f1, 0);
  EXPECT_DOUBLE_EQ(totals.all.exact, 0.5);
  EXPECT_EQ(squad_totals({}, {}).all.f1, 0);
}

TEST(SquadBest, WalksUpTheProbabilities) {
  // Starts at 1 of 4 (the unanswerable); +1 at 0.1,
  // -1 at 0.2 (it is answered), +1 at 0.3, +0 at 0.9.
  const std::vector<SquadQuestion> questions = {
      question({"a b"}, "nothing", 0.9), question({"bus"}, "bus", 0.3), question({}, "bus", 0.2),
      question({"car"}, "car", 0.1)};
  const auto scores = squad_scores(questions, SquadRules::kV2);
  const auto best = squad_best(questions, scores, &SquadScore::exact);
  EXPECT_DOUBLE_EQ(best.score, 0.5);
  EXPECT_DOUBLE_EQ(best.threshold, 0.1) << "the first of equal maxima";
}

TEST(SquadBest, EqualProbabilitiesArePassedInTheirOrder) {
  const auto bus = question({"bus"}, "bus", 0.5), none = question({}, "bus", 0.5);
  const auto best = [](const std::vector<SquadQuestion>& questions) {
    return squad_best(questions, squad_scores(questions, SquadRules::kV2), &SquadScore::f1).score;
  };
  EXPECT_DOUBLE_EQ(best({bus, none}), 1);
  EXPECT_DOUBLE_EQ(best({none, bus}), 0.5);
}

TEST(SquadBest, ABlankIsAnAnswerAndNothingIsNone) {
  const auto best = [](std::optional<std::string> prediction) {
    const std::vector<SquadQuestion> questions = {question({}, std::move(prediction), 0.1),
                                                  question({"bus"}, "bus", 0.2)};
    return squad_best(questions, squad_scores(questions, SquadRules::kV2), &SquadScore::f1).score;
  };
  EXPECT_DOUBLE_EQ(best(""), 1);
  EXPECT_DOUBLE_EQ(best(" "), 0.5);
}

}  // namespace
}  // namespace ktb::core
