#pragma once
#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace ktb::core {

/// How VQA's script cleans an answer: punctuation, numbers as digits, no articles, contractions
/// with their apostrophe.
std::string vqa_cleaned(std::string_view utf8);

/// What an answer is compared as. Where all human answers are the same,
/// nothing is cleaned, and case counts.
struct VqaComparison {
  bool cleaned = false;
  std::vector<std::string> answers;
  std::string prediction;

  /// Mean over the answers, each left out once, of min(1, equals among the others / 3).
  double accuracy() const;
};
VqaComparison vqa_comparison(const std::vector<std::string>& answers, std::string_view prediction);

/// The above for one of `answers` alike, out of `count`.
double vqa_accuracy(std::size_t alike, std::size_t count);

struct VqaQuestion {
  std::string id, question_type, answer_type;
  std::vector<std::string> answers;
};

/// Mean accuracies, fractions.
struct VqaTotals {
  double overall = 0;
  std::map<std::string, double> by_answer_type, by_question_type;
};
VqaTotals vqa_totals(const std::vector<VqaQuestion>& questions,
                     const std::vector<double>& accuracies);

}  // namespace ktb::core
