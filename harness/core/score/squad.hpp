#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ktb::core {

/// Exact match and F1 of short answers as SQuAD's scripts have them. v1.1 and v2 differ only where
/// a text is empty once it is normalised; v2 has questions without an answer.
enum class SquadRules { kV1, kV2 };

/// Lower case, without ASCII punctuation and the words a, an, the; words one blank apart.
std::string squad_normalised(std::string_view utf8);
/// The words of that, which is all that the scores look at.
std::vector<std::string> squad_words(std::string_view utf8);

struct SquadScore {
  double exact = 0, f1 = 0;  ///< fractions
};

/// Judges answers to one question by the right one that fits best. No right answer: "" is right
/// under v2, nothing under v1.1.
class SquadJudge {
 public:
  SquadJudge(const std::vector<std::string>& answers, SquadRules rules);
  SquadScore score(const std::vector<std::string>& words) const;

 private:
  SquadRules rules_;
  std::vector<std::vector<std::string>> answers_;  ///< the words of each
};

struct SquadQuestion {
  std::string id;
  std::vector<std::string> answers;       ///< none: it has no answer
  std::optional<std::string> prediction;  ///< none: scores 0
  double na_probability = 0;              ///< that it has no answer
};

/// What each question scores as it is predicted.
std::vector<SquadScore> squad_scores(const std::vector<SquadQuestion>& questions, SquadRules rules);

/// The same where a question above the threshold counts as predicted to have no answer.
std::vector<SquadScore> squad_at_threshold(const std::vector<SquadQuestion>& questions,
                                           std::vector<SquadScore> scores, double threshold);

struct SquadTotals {
  struct Part {
    std::size_t count = 0;
    double exact = 0, f1 = 0;  ///< means; 0 where there is no question
  };
  Part all, has_answer, no_answer;
};
SquadTotals squad_totals(const std::vector<SquadQuestion>& questions,
                         const std::vector<SquadScore>& scores);

/// The mean that the best threshold would give, and the threshold. Questions of equal probability
/// are passed one by one in their order, as v2's script does it: the threshold may then give less.
struct SquadBest {
  double score = 0, threshold = 0;
};
SquadBest squad_best(const std::vector<SquadQuestion>& questions,
                     const std::vector<SquadScore>& scores, double SquadScore::*which);

}  // namespace ktb::core
