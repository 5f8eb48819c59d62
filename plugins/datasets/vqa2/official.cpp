#include "official.hpp"

#include <set>

#include "ktb/error.hpp"
#include "ktb/files/json.hpp"
#include "ktb/files/layout.hpp"
#include "ktb/text/vqa_answer.hpp"

namespace ktb::vqa2 {
namespace {

constexpr std::size_t kPeople = 10;

std::string questions_name(const Part& part) {
  return std::string("v2_OpenEnded_mscoco_") + part.subset + "_questions.json";
}
std::string annotations_name(const Part& part) {
  return std::string("v2_mscoco_") + part.subset + "_annotations.json";
}
std::string place_of(const DataFolder& folder, const std::string& name) {
  return first_found(folder, {"vqa2/" + name, "vqa/" + name, "coco/" + name});
}

Json read(const DataFolder& folder, const std::string& name) {
  const auto place = place_of(folder, name);
  return Json(read_data(folder, {place, "", 0}, kGet), folder.find(place));
}

void demand_subset(const Json& file, const Part& part) {
  const auto subset = file["data_subtype"];
  if (subset.text() != part.subset)
    subset.refuse("expected `" + std::string(part.subset) + "`, found `" + subset.text() +
                  "`: files were mixed up\n" + kGet);
}

}  // namespace

std::vector<DataFile> official_files(const DataFolder& folder, const Part& part) {
  return {{place_of(folder, questions_name(part)), "", 0},
          {place_of(folder, annotations_name(part)), "", 0}};
}

std::vector<Question> read_questions(const DataFolder& folder, const Part& part, bool verify) {
  const auto file = read(folder, questions_name(part));
  demand_subset(file, part);
  std::vector<Question> all;
  std::set<std::int64_t> ids;
  for (const auto& item : file["questions"].items()) {
    all.push_back(
        {item["question_id"].integer(), item["image_id"].integer(), item["question"].text()});
    if (all.back().text.empty()) item.refuse("the question is empty\n" + std::string(kGet));
    if (!ids.insert(all.back().id).second)
      item.refuse("question_id " + std::to_string(all.back().id) + " comes twice\n" + kGet);
  }
  const auto found = static_cast<std::int64_t>(all.size());
  if (found == 0 || (verify && found != part.questions))
    file["questions"].refuse("expected " + std::to_string(part.questions) + " questions, found " +
                             std::to_string(found) + "\n" + kGet);
  return all;
}

Annotations read_annotations(const DataFolder& folder, const Part& part) {
  const auto file = read(folder, annotations_name(part));
  demand_subset(file, part);
  static const std::set<std::string> kTypes = {"yes/no", "number", "other"};
  Annotations all;
  for (const auto& item : file["annotations"].items()) {
    Annotation one{item["image_id"].integer(),
                   clean_answer(item["multiple_choice_answer"].text()),
                   item["question_type"].text(),
                   item["answer_type"].text(),
                   {}};
    if (!kTypes.contains(one.answer_type))
      item["answer_type"].refuse("expected yes/no, number or other, found `" + one.answer_type +
                                 "`\n" + kGet);
    for (const auto& answer : item["answers"].items())
      one.answers.push_back(answer["answer"].text());
    if (one.answers.size() != kPeople)
      item["answers"].refuse("expected ten answers, found " + std::to_string(one.answers.size()) +
                             "\n" + kGet);
    const auto id = item["question_id"].integer();
    if (!all.emplace(id, std::move(one)).second)
      item.refuse("question_id " + std::to_string(id) + " comes twice\n" + kGet);
  }
  return all;
}

void demand_same(const std::vector<Question>& asked, const Annotations& annotated,
                 const Part& part) {
  const auto where = questions_name(part) + ", ";
  for (std::size_t i = 0; i < asked.size(); ++i) {
    const auto& question = asked[i];
    const auto place =
        where + "questions[" + std::to_string(i) + "]: question_id " + std::to_string(question.id);
    const auto found = annotated.find(question.id);
    if (found == annotated.end())
      throw Error(place + " has no entry in " + annotations_name(part) + "\n" + kGet);
    if (found->second.image != question.image)
      throw Error(place + " is about image " + std::to_string(question.image) + ", but about " +
                  std::to_string(found->second.image) + " in " + annotations_name(part) + "\n" +
                  kGet);
  }
  if (asked.size() != annotated.size())
    throw Error(annotations_name(part) + " has " + std::to_string(annotated.size()) +
                " annotations, " + questions_name(part) + " " + std::to_string(asked.size()) +
                " questions\n" + kGet);
}

}  // namespace ktb::vqa2
