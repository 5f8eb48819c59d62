#pragma once
#include "tasks/task_kind.hpp"

namespace ktb::tasks {

/// Answers that are spans of a passage, which may take several examples, its windows: y["entry"]
/// [B] is the question, y["start"] and y["end"] [B] are tokens, both 0 where the window has no
/// answer, y["offsets"] [B, L, 2] the code points of each token in the passage, -1 outside.
/// Predictions are logits [B, 2, L]. Texts: passage and answers.
class Span final : public TaskKind {
 public:
  using TaskKind::TaskKind;
  /// Cross-entropy in fp32 over all tokens, mean of start and end.
  Tensor loss(const Tensor& prediction, const Batch& batch) const override;

  /// f1 and exact_match over the questions as SQuAD's scripts have them, loss. By v2's rules where
  /// a question of the split has no answer: then has_answer_f1, has_answer_exact_match and
  /// no_answer_f1 too. Correct is a question that is matched exactly.
  ///
  /// The answer is the best span of all windows, of the 20 best starts and ends of each, at most 30
  /// tokens long; under v2's rules none,
  /// if the sum of start and end at token 0 is higher in each window.
  std::unique_ptr<Meter> meter(const Texts& texts) const override;
  /// chance: a word of the passage drawn at random; rarest_word: the one that occurs in the fewest
  /// passages; majority, under v2's rules: always no answer.
  Metrics floor(const Tensors& test_y, const Texts& texts) const override;
  std::string primary() const override { return "f1"; }
  std::vector<std::int64_t> prediction_shape(const Batch& inputs) const override {
    return {inputs.size(), 2, inputs.x.at("tokens").size(1)};
  }
  /// Tokens that cannot begin or end an answer.
  bool may_exclude() const override { return true; }
};

}  // namespace ktb::tasks
