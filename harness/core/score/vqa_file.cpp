#include "core/score/vqa_file.hpp"

#include <fmt/format.h>

#include <set>

#include "core/base/json_file.hpp"

namespace ktb::core {
namespace {

constexpr std::size_t kAnswers = 10;

VqaQuestion question_of(const JsonView& json) {
  VqaQuestion question;
  question.id = json["question_id"].id();
  question.question_type = json["question_type"].text();
  question.answer_type = json["answer_type"].text();
  const auto answers = json["answers"];
  for (const auto& answer : answers.items()) question.answers.push_back(answer["answer"].text());
  if (question.answers.size() != kAnswers)
    answers.refuse(fmt::format("expected {} answers, found {}", kAnswers, question.answers.size()));
  return question;
}

}  // namespace

std::vector<VqaQuestion> read_vqa(const std::string& path) {
  const auto file = read_json_file(path);
  std::vector<VqaQuestion> questions;
  std::set<std::string> ids;
  for (const auto& json : file.root()["annotations"].items()) {
    questions.push_back(question_of(json));
    const auto& id = questions.back().id;
    if (!ids.insert(id).second)
      json.refuse(fmt::format("its question_id {} stands there twice", id));
  }
  if (questions.empty()) file.root().refuse("it holds no annotation");
  return questions;
}

std::map<std::string, std::string> read_vqa_predictions(const std::string& path,
                                                        const std::vector<VqaQuestion>& questions) {
  std::set<std::string> wanted;
  for (const auto& question : questions) wanted.insert(question.id);
  const auto file = read_json_file(path);
  std::map<std::string, std::string> predictions;
  for (const auto& json : file.root().items()) {
    const auto id = json["question_id"].id();
    const std::string answer = json["answer"].text();
    if (!wanted.contains(id)) continue;
    if (!predictions.emplace(id, answer).second)
      json.refuse(fmt::format("question_id {} is answered twice", id));
  }
  if (predictions.empty())
    file.root().refuse("none of its question_ids is in the annotations: another split?");
  return predictions;
}

}  // namespace ktb::core
