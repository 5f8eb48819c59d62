#include "core/score/squad_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "core/base/error.hpp"
#include "core/base/json_file.hpp"

namespace ktb::core {
namespace {

SquadQuestion question_of(const JsonView& json) {
  SquadQuestion question;
  question.id = json["id"].id();
  for (const auto& answer : json["answers"].items())
    question.answers.push_back(answer["text"].text());
  return question;
}

/// Calls visit(question, index in the file, value) for each id of the file that the data know.
template <class Visit>
void each_known(const JsonFile& file, SquadData& data, Visit visit) {
  std::map<std::string, SquadQuestion*> by_id;
  for (auto& question : data.questions) by_id[question.id] = &question;
  std::size_t known = 0;
  const auto root = file.root();
  for (std::size_t i = 0; i < file.keys.size(); ++i) {
    const auto found = by_id.find(file.keys[i]);
    if (found == by_id.end()) continue;
    visit(*found->second, i, root[file.keys[i]]);
    ++known;
  }
  if (known == 0)
    root.refuse(
        "expected an object with a member for each question, named by its id; none of its names is "
        "an id of the data");
}

}  // namespace

SquadData read_squad(const std::string& path) {
  const auto file = read_json_file(path);
  const auto root = file.root();
  SquadData data;
  if (const auto version = root.find("version"); version && version->text().find('2') < 2)
    data.rules = SquadRules::kV2;
  std::map<std::string, std::size_t> ids;
  for (const auto& article : root["data"].items()) {
    for (const auto& paragraph : article["paragraphs"].items()) {
      for (const auto& json : paragraph["qas"].items()) {
        data.questions.push_back(question_of(json));
        const auto& question = data.questions.back();
        if (ids[question.id]++ > 0)
          json.refuse(fmt::format("its id \"{}\" stands there twice", question.id));
        if (question.answers.empty()) data.rules = SquadRules::kV2;
      }
    }
  }
  if (data.questions.empty()) root.refuse("it holds no question");
  return data;
}

void read_squad_predictions(const std::string& path, SquadData& data) {
  const auto file = read_json_file(path);
  each_known(file, data, [](SquadQuestion& question, std::size_t, const JsonView& value) {
    question.prediction = value.text();
  });
}

void read_na_probabilities(const std::string& path, SquadData& data) {
  const auto file = read_json_file(path);
  std::map<std::string, std::size_t> places;
  each_known(file, data, [&](SquadQuestion& question, std::size_t place, const JsonView& value) {
    question.na_probability = value.number();
    places[question.id] = place;
  });
  for (const auto& question : data.questions) {
    if (question.prediction && !places.contains(question.id))
      file.root().refuse(fmt::format("no probability for \"{}\", which is predicted", question.id));
  }
  std::ranges::stable_sort(data.questions, {}, [&](const SquadQuestion& question) {
    const auto found = places.find(question.id);
    return found == places.end() ? file.keys.size() : found->second;
  });
}

}  // namespace ktb::core
