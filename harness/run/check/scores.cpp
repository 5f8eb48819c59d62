// Reference cases of scorers: texts come in the case's metadata, numbers in its tensors.
#include <ATen/ops/round.h>
#include <ATen/ops/scalar_tensor.h>
#include <ATen/ops/tensor.h>
#include <fmt/format.h>
#include <torch/types.h>

#include <algorithm>
#include <optional>

#include "core/score/squad.hpp"
#include "core/score/vqa.hpp"
#include "ktb/error.hpp"
#include "run/check/check.hpp"
#include "tasks/ranking.hpp"

namespace ktb::run {
namespace {

using core::Json;

Tensor real(double value) { return at::scalar_tensor(value, at::kDouble); }

/// Throws Error where a text of input `number` is not what the case expects.
void expect_text(const Json& expected, const char* key, std::size_t number, const Json& actual) {
  if (!expected.is_array()) return;  // the case has no texts to compare
  const Json& wanted = expected.at(number).at(key);
  if (wanted != actual)
    throw Error(fmt::format("{} of input {}: expected {}, got {}", key, number, wanted.dump(),
                            actual.dump()));
}

/// The list of texts that a case hands in.
template <class Input>
std::vector<Input> inputs_of(const StoredCase& stored) {
  const Json inputs = stored.metadata("inputs");
  return core::read_json<std::vector<Input>>({inputs, "case", "inputs"});
}

struct SquadInput {
  std::vector<std::string> answers;
  std::optional<std::string> prediction;
};
template <core::Of<SquadInput> Self, class Ar>
void fields(Self& input, Ar& ar) {
  ar("answers", input.answers);
  ar("prediction", input.prediction);
}

struct VqaInput {
  std::string question_type, answer_type, prediction;
  std::vector<std::string> answers;
};
template <core::Of<VqaInput> Self, class Ar>
void fields(Self& input, Ar& ar) {
  ar("question_type", input.question_type);
  ar("answer_type", input.answer_type);
  ar("prediction", input.prediction);
  ar("answers", input.answers);
}

std::vector<core::SquadQuestion> squad_questions(const StoredCase& stored) {
  const Tensor na_probability = stored.optional_input("na_prob");
  std::vector<core::SquadQuestion> questions;
  for (auto& input : inputs_of<SquadInput>(stored)) {
    core::SquadQuestion question;
    question.answers = std::move(input.answers);
    question.prediction = std::move(input.prediction);
    if (na_probability.defined())
      question.na_probability =
          na_probability[static_cast<std::int64_t>(questions.size())].item<double>();
    questions.push_back(std::move(question));
  }
  return questions;
}

void expect_normalised(const Json& expected, std::size_t number,
                       const core::SquadQuestion& question) {
  Json answers = Json::array();
  for (const auto& answer : question.answers) answers.push_back(core::squad_normalised(answer));
  expect_text(expected, "normalised_answers", number, answers);
  expect_text(expected, "normalised_prediction", number,
              core::squad_normalised(question.prediction.value_or("")));
}

void put_scores(const std::vector<core::SquadScore>& scores, const std::string& suffix,
                Tensors& answers) {
  std::vector<double> exact, f1;
  for (const auto& score : scores) {
    exact.push_back(score.exact);
    f1.push_back(score.f1);
  }
  answers["out.exact" + suffix] = at::tensor(exact, at::kDouble);
  answers["out.f1" + suffix] = at::tensor(f1, at::kDouble);
}

void put_part(const core::SquadTotals::Part& part, const std::string& prefix, Tensors& answers) {
  answers["out.total." + prefix + "exact"] = real(100 * part.exact);
  answers["out.total." + prefix + "f1"] = real(100 * part.f1);
  answers["out.total." + prefix + "total"] = real(static_cast<double>(part.count));
}

void put_best(const core::SquadBest& best, const std::string& name, Tensors& answers) {
  answers["out.total.best_" + name] = real(100 * best.score);
  answers["out.total.best_" + name + "_thresh"] = real(best.threshold);
}

/// VQA's script rounds percents to two decimals.
Tensor rounded_percent(const Tensor& fractions) { return at::round(fractions * 100, 2); }

/// "yes/no" and "how many" as parts of a tensor's name.
std::string name_of(std::string type) {
  std::ranges::replace(type, ' ', '_');
  return type;
}

void put_means(const std::map<std::string, double>& means, const std::string& what,
               Tensors& answers) {
  for (const auto& [type, mean] : means)
    answers["out." + what + "." + name_of(type) + "_percent_rounded"] = rounded_percent(real(mean));
}

void put_retrieval(const tasks::Metrics& metrics, const std::string& prefix, Tensors& answers) {
  answers[prefix + "rsum"] = real(100 * metrics.at("rsum"));
  for (const auto& [short_name, name] :
       {std::pair("i2t", "image_to_text"), std::pair("t2i", "text_to_image")}) {
    const auto metric = std::string(short_name) + "_", answer = prefix + name + ".";
    answers[answer + "median_rank"] = real(metrics.at(metric + "median_rank"));
    for (const char* k : {"1", "5", "10"})
      answers[answer + "r" + k] = real(100 * metrics.at(metric + "recall_at_" + k));
  }
}

}  // namespace

Answers answer_squad(const StoredCase& stored) {
  const auto rules = stored.option<std::string>("version") == "1.1" ? core::SquadRules::kV1
                                                                    : core::SquadRules::kV2;
  const auto questions = squad_questions(stored);
  const Json expected = stored.metadata("expected");
  for (std::size_t i = 0; i < questions.size(); ++i) expect_normalised(expected, i, questions[i]);

  const auto raw = core::squad_scores(questions, rules);
  const auto scores =
      core::squad_at_threshold(questions, raw, stored.option("na_prob_thresh", 1.0));
  const auto totals = core::squad_totals(questions, scores);
  Tensors answers;
  put_scores(raw, "", answers);
  put_scores(scores, "_at_threshold", answers);
  put_part(totals.all, "", answers);
  put_part(totals.has_answer, "HasAns_", answers);
  put_part(totals.no_answer, "NoAns_", answers);
  put_best(core::squad_best(questions, raw, &core::SquadScore::exact), "exact", answers);
  put_best(core::squad_best(questions, raw, &core::SquadScore::f1), "f1", answers);
  return answers;
}

Answers answer_vqa(const StoredCase& stored) {
  const Json expected = stored.metadata("expected");
  std::vector<core::VqaQuestion> questions;
  std::vector<double> accuracies;
  for (const auto& input : inputs_of<VqaInput>(stored)) {
    const auto number = questions.size();
    questions.push_back({"", input.question_type, input.answer_type, input.answers});
    const auto compared = core::vqa_comparison(input.answers, input.prediction);
    accuracies.push_back(compared.accuracy());
    expect_text(expected, "cleaned", number, compared.cleaned);
    expect_text(expected, "answers", number, compared.answers);
    expect_text(expected, "prediction", number, compared.prediction);
  }
  const auto totals = core::vqa_totals(questions, accuracies);
  const auto accuracy = at::tensor(accuracies, at::kDouble);
  Tensors answers = {{"out.accuracy", accuracy},
                     {"out.accuracy_percent_rounded", rounded_percent(accuracy)},
                     {"out.overall_percent", real(100 * totals.overall)},
                     {"out.overall_percent_rounded", rounded_percent(real(totals.overall))}};
  put_means(totals.by_answer_type, "answer_type", answers);
  put_means(totals.by_question_type, "question_type", answers);
  return answers;
}

Answers answer_retrieval(const StoredCase& stored) {
  const auto image = stored.input("image"), text = stored.input("text");
  const auto owner = stored.input("text_owner");
  const auto ranks = tasks::retrieval_ranks(image, text, owner);
  Tensors answers = {{"out.image_to_text.rank", ranks.image_to_text},
                     {"out.text_to_image.rank", ranks.text_to_image}};
  put_retrieval(tasks::retrieval_metrics(ranks), "out.", answers);
  const auto folds = stored.option("folds", std::int64_t{1});
  put_retrieval(tasks::folded_retrieval_metrics(image, text, owner, folds), "out.folds.", answers);
  return answers;
}

}  // namespace ktb::run
