#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "app/command.hpp"
#include "core/base/json.hpp"
#include "core/base/output/escape.hpp"
#include "core/base/output/print.hpp"
#include "core/score/squad_file.hpp"
#include "core/score/vqa_file.hpp"

namespace ktb::app {
namespace {

using nlohmann::ordered_json;

struct ScoreCommand {
  std::string data, predictions, na_probabilities;
  double na_threshold = 1;
  bool json = false;
};

/// What is printed: names and numbers in their order, as the official script has them.
int print(const ordered_json& scores, bool as_json) {
  if (as_json) {
    core::print("{}\n", core::json_text(scores, 2));
    return kOk;
  }
  const auto row = [](const std::string& name, const ordered_json& value, int indent) {
    const auto label = std::string(static_cast<std::size_t>(indent), ' ') + name;
    if (value.is_number_float())
      core::print("{:<28} {:>9.2f}\n", label, value.get<double>());
    else
      core::print("{:<28} {:>9}\n", label, value.is_object() ? "" : value.dump());
  };
  for (const auto& [name, value] : scores.items()) {
    row(name, value, 0);
    if (!value.is_object()) continue;
    for (const auto& [inner, number] : value.items()) row(inner, number, 2);
  }
  return kOk;
}

void warn_of_missing(std::size_t missing, std::size_t all) {
  if (missing > 0)
    core::print(stderr, "{} of {} questions have no prediction and score 0\n", missing, all);
}

ordered_json squad_v1(const core::SquadTotals& totals) {
  return {{"exact_match", 100 * totals.all.exact}, {"f1", 100 * totals.all.f1}};
}

ordered_json squad_v2(const core::SquadTotals& totals) {
  ordered_json scores;
  const auto put = [&](const std::string& prefix, const core::SquadTotals::Part& part) {
    if (part.count == 0) return;
    scores[prefix + "exact"] = 100 * part.exact;
    scores[prefix + "f1"] = 100 * part.f1;
    scores[prefix + "total"] = part.count;
  };
  put("", totals.all);
  put("HasAns_", totals.has_answer);
  put("NoAns_", totals.no_answer);
  return scores;
}

int score_squad(const ScoreCommand& command) {
  auto data = core::read_squad(command.data);
  core::read_squad_predictions(command.predictions, data);
  if (!command.na_probabilities.empty())
    core::read_na_probabilities(command.na_probabilities, data);
  const auto& questions = data.questions;
  const auto raw = core::squad_scores(questions, data.rules);
  const auto totals =
      core::squad_totals(questions, core::squad_at_threshold(questions, raw, command.na_threshold));
  auto scores = data.rules == core::SquadRules::kV1 ? squad_v1(totals) : squad_v2(totals);
  if (!command.na_probabilities.empty()) {
    const auto put = [&](const std::string& name, double core::SquadScore::*which) {
      const auto best = core::squad_best(questions, raw, which);
      scores["best_" + name] = 100 * best.score;
      scores["best_" + name + "_thresh"] = best.threshold;
    };
    put("exact", &core::SquadScore::exact);
    put("f1", &core::SquadScore::f1);
  }
  const auto missing = std::count_if(questions.begin(), questions.end(),
                                     [](const auto& question) { return !question.prediction; });
  warn_of_missing(static_cast<std::size_t>(missing), questions.size());
  return print(scores, command.json);
}

/// VQA's script gives percent with two decimals.
double rounded_percent(double fraction) { return std::round(fraction * 1e4) / 100; }

int score_vqa(const ScoreCommand& command) {
  const auto questions = core::read_vqa(command.data);
  const auto predictions = core::read_vqa_predictions(command.predictions, questions);
  std::vector<double> accuracies;
  for (const auto& question : questions) {
    const auto found = predictions.find(question.id);
    accuracies.push_back(found == predictions.end()
                             ? 0
                             : core::vqa_comparison(question.answers, found->second).accuracy());
  }
  const auto totals = core::vqa_totals(questions, accuracies);
  ordered_json scores = {{"overall", rounded_percent(totals.overall)}};
  const auto put = [&](const char* name, const std::map<std::string, double>& means) {
    for (const auto& [type, mean] : means) scores[name][type] = rounded_percent(mean);
  };
  put("perAnswerType", totals.by_answer_type);
  put("perQuestionType", totals.by_question_type);
  warn_of_missing(questions.size() - predictions.size(), questions.size());
  return print(scores, command.json);
}

using Score = int (*)(const ScoreCommand&);

CLI::App& add_kind(CLI::App& app, Action& action, const std::shared_ptr<ScoreCommand>& options,
                   const char* name, const char* help, Score score) {
  auto& command = *app.add_subcommand(name, help);
  command.add_option("data", options->data, "the questions and their answers")->required();
  command.add_option("predictions", options->predictions, "what was answered")->required();
  command.add_flag("--json", options->json, "the scores as JSON");
  command.callback([=, &action] { action = [=] { return score(*options); }; });
  return command;
}

}  // namespace

void add_score(CLI::App& app, Action& action) {
  auto& score = *app.add_subcommand("score", "score a file of predictions as the official scripts");
  score.require_subcommand(1);
  const auto options = std::make_shared<ScoreCommand>();
  auto& squad = add_kind(score, action, options, "squad", "SQuAD v1.1 or v2: {\"id\": \"answer\"}",
                         score_squad);
  squad.add_option("--na-prob", options->na_probabilities,
                   "v2: {\"id\": probability that there is no answer}");
  squad
      .add_option("--na-prob-thresh", options->na_threshold, "v2: no answer above this probability")
      ->capture_default_str();
  add_kind(score, action, options, "vqa", "VQA v2: [{\"question_id\": 1, \"answer\": \"red\"}]",
           score_vqa);
}

}  // namespace ktb::app
