#include "core/score/squad.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <numeric>

#include "core/base/unicode.hpp"

namespace ktb::core {
namespace {

bool is_article(std::u32string_view word) {
  return word == U"a" || word == U"an" || word == U"the";
}

/// Every run of word characters that is an article becomes a blank.
std::u32string without_articles(const std::u32string& text) {
  std::u32string kept;
  for (auto at = text.begin(); at != text.end();) {
    const auto end = is_word_part(*at) ? std::find_if_not(at, text.end(), is_word_part) : at + 1;
    const std::u32string_view run(&*at, static_cast<std::size_t>(end - at));
    if (is_article(run))
      kept += U' ';
    else
      kept += run;
    at = end;
  }
  return kept;
}

/// F1 of two bags of words.
double f1_of(std::vector<std::string> answer, std::vector<std::string> prediction,
             SquadRules rules) {
  if (answer.empty() || prediction.empty())
    return rules == SquadRules::kV2 && answer.empty() && prediction.empty() ? 1 : 0;
  std::ranges::sort(answer);
  std::ranges::sort(prediction);
  std::vector<std::string> common;
  std::ranges::set_intersection(answer, prediction, std::back_inserter(common));
  return 2 * static_cast<double>(common.size()) /
         static_cast<double>(answer.size() + prediction.size());
}

void add(SquadTotals::Part& part, const SquadScore& score) {
  ++part.count;
  part.exact += score.exact;
  part.f1 += score.f1;
}

void average(SquadTotals::Part& part) {
  if (part.count == 0) return;
  part.exact /= static_cast<double>(part.count);
  part.f1 /= static_cast<double>(part.count);
}

}  // namespace

std::vector<std::string> squad_words(std::string_view utf8) {
  auto text = lower(decode_utf8(utf8));
  std::erase_if(text, is_ascii_punctuation);
  text = without_articles(text);
  std::vector<std::string> words;
  for (auto at = text.begin(); at != text.end();) {
    const auto end = std::find_if(at, text.end(), is_white_space);
    if (end != at)
      words.push_back(encode_utf8(std::u32string_view(&*at, static_cast<std::size_t>(end - at))));
    at = std::find_if_not(end, text.end(), is_white_space);
  }
  return words;
}

std::string squad_normalised(std::string_view utf8) {
  return fmt::format("{}", fmt::join(squad_words(utf8), " "));
}

SquadJudge::SquadJudge(const std::vector<std::string>& answers, SquadRules rules) : rules_(rules) {
  for (const auto& answer : answers) answers_.push_back(squad_words(answer));
  if (rules == SquadRules::kV1) return;
  std::erase_if(answers_, [](const auto& words) { return words.empty(); });
  if (answers_.empty()) answers_.emplace_back();
}

SquadScore SquadJudge::score(const std::vector<std::string>& words) const {
  SquadScore best;
  for (const auto& answer : answers_) {
    best.exact = std::max(best.exact, words == answer ? 1.0 : 0.0);
    best.f1 = std::max(best.f1, f1_of(answer, words, rules_));
  }
  return best;
}

std::vector<SquadScore> squad_scores(const std::vector<SquadQuestion>& questions,
                                     SquadRules rules) {
  std::vector<SquadScore> scores;
  for (const auto& question : questions)
    scores.push_back(
        question.prediction
            ? SquadJudge(question.answers, rules).score(squad_words(*question.prediction))
            : SquadScore{});
  return scores;
}

std::vector<SquadScore> squad_at_threshold(const std::vector<SquadQuestion>& questions,
                                           std::vector<SquadScore> scores, double threshold) {
  for (std::size_t i = 0; i < questions.size(); ++i) {
    if (!questions[i].prediction || questions[i].na_probability <= threshold) continue;
    const double right = questions[i].answers.empty() ? 1 : 0;
    scores[i] = {right, right};
  }
  return scores;
}

SquadTotals squad_totals(const std::vector<SquadQuestion>& questions,
                         const std::vector<SquadScore>& scores) {
  SquadTotals totals;
  for (std::size_t i = 0; i < questions.size(); ++i) {
    add(totals.all, scores[i]);
    add(questions[i].answers.empty() ? totals.no_answer : totals.has_answer, scores[i]);
  }
  for (auto* part : {&totals.all, &totals.has_answer, &totals.no_answer}) average(*part);
  return totals;
}

SquadBest squad_best(const std::vector<SquadQuestion>& questions,
                     const std::vector<SquadScore>& scores, double SquadScore::*which) {
  std::vector<std::size_t> order(questions.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(order, {}, [&](auto i) { return questions[i].na_probability; });
  const auto unanswered = std::ranges::count_if(
      questions, [](const auto& question) { return question.answers.empty(); });
  double sum = static_cast<double>(unanswered);
  SquadBest best{sum, 0};
  for (const auto i : order) {
    const auto& question = questions[i];
    if (!question.answers.empty())
      sum += scores[i].*which;
    else if (!question.prediction || !question.prediction->empty())
      sum -= 1;
    if (sum > best.score) best = {sum, question.na_probability};
  }
  if (!questions.empty()) best.score /= static_cast<double>(questions.size());
  return best;
}

}  // namespace ktb::core
