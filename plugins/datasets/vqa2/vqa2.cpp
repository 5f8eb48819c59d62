#include <ATen/ops/arange.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <set>
#include <unordered_map>

#include "ktb/files/coco.hpp"
#include "ktb/files/picture_table.hpp"
#include "ktb/plugin.hpp"
#include "ktb/text/text_reader.hpp"
#include "ktb/text/vqa_answer.hpp"
#include "official.hpp"

namespace {
using namespace ktb;
using namespace ktb::vqa2;

const Part& part_of(const std::string& split) { return kParts[split == kParts[0].split ? 0 : 1]; }

class Vqa2 final : public Dataset {
 public:
  explicit Vqa2(Options& options)
      : answers_(options.get("answers", 3129, "classes: the most frequent answers", {.least = 1})),
        least_(options.get("least", 9, "questions that have an answer, or it is no class",
                           {.least = 1})),
        verify_(options.get("verify", true, "the files must have the official counts")),
        pictures_(options, 64, "pad"),
        text_(options, "vqa2", 20, 10000) {}

  TaskSpec task(const DataFolder& folder) const override {
    TaskSpec spec;
    spec.name = "vqa2";
    spec.kind = "vqa";
    spec.inputs = {pictures_.input(), text_.tokens()};
    spec.classes = classes(folder);
    spec.outputs = static_cast<std::int64_t>(spec.classes.size());
    spec.labels = "vqa2:" + std::to_string(answers_) + ":" + std::to_string(least_);
    spec.train_size = size(folder, kParts[0]);
    spec.test_size = size(folder, kParts[1]);
    return spec;
  }

  /// Of the official set the first pictures only: names and counts of the others are known.
  std::vector<DataFile> files(const DataFolder& folder) const override {
    std::vector<DataFile> all = text_.files();
    for (const auto& part : kParts) {
      for (auto& file : official_files(folder, part)) all.push_back(std::move(file));
      std::set<std::string> pictures;
      if (verify_)
        pictures = {coco_first_picture(part.subset)};
      else
        for (const auto& question : questions(folder, part))
          pictures.insert(coco_picture(part.subset, question.image));
      for (auto& file : coco_files(folder, pictures)) all.push_back(std::move(file));
    }
    return all;
  }

  std::string get() const override { return kGet; }

  Split load(const DataFolder& folder, const std::string& split) const override {
    const auto& part = part_of(split);
    const auto asked = questions(folder, part);
    auto annotated = read_annotations(folder, part);
    demand_same(asked, annotated, part);
    Split out;
    add_pictures(folder, part, asked, out);
    out.x["tokens"] = tokens(folder, split, asked);
    out.y["scores"] = scores(folder, asked, annotated);
    out.y["entry"] = at::arange(static_cast<std::int64_t>(asked.size()), at::kLong);
    for (const auto& question : asked) {
      auto& annotation = annotated.at(question.id);
      out.texts["answers"].push_back(std::move(annotation.answers));
      out.texts["answer_type"].push_back({std::move(annotation.answer_type)});
      out.texts["question_type"].push_back({std::move(annotation.question_type)});
      out.texts["id"].push_back({std::to_string(question.id)});
    }
    return out;
  }

 private:
  std::int64_t size(const DataFolder& folder, const Part& part) const {
    return verify_ ? part.questions : static_cast<std::int64_t>(questions(folder, part).size());
  }

  std::vector<Question> questions(const DataFolder& folder, const Part& part) const {
    return read_questions(folder, part, verify_);
  }

  /// Of both splits, as all have it who report on 3,129 answers; the most frequent first.
  std::vector<std::string> classes(const DataFolder& folder) const {
    if (!classes_.empty()) return classes_;
    std::map<std::string, std::int64_t> counts;
    for (const auto& part : kParts)
      for (const auto& [id, annotation] : read_annotations(folder, part))
        ++counts[annotation.answer];
    std::vector<std::pair<std::int64_t, std::string>> ranked;
    for (const auto& [answer, count] : counts)
      if (count >= least_) ranked.emplace_back(-count, answer);
    std::sort(ranked.begin(), ranked.end());
    ranked.resize(std::min(ranked.size(), static_cast<std::size_t>(answers_)));
    if (ranked.empty())
      throw Error("vqa2: no answer is there " + std::to_string(least_) +
                  " times; the option `least` can be lower\n" + kGet);
    for (auto& [count, answer] : ranked) classes_.push_back(std::move(answer));
    return classes_;
  }

  void add_pictures(const DataFolder& folder, const Part& part, const std::vector<Question>& asked,
                    Split& out) const {
    std::map<std::int64_t, std::int64_t> rows;
    for (const auto& question : asked) rows[question.image] = 0;
    std::vector<std::string> pictures;
    for (auto& [image, row] : rows) {
      row = static_cast<std::int64_t>(pictures.size());
      pictures.push_back(coco_picture(part.subset, image));
    }
    std::vector<std::int64_t> looked_at;
    for (const auto& question : asked) looked_at.push_back(rows.at(question.image));
    out.x["image"] = picture_table(pictures_, coco_paths(folder, pictures, kGet),
                                   std::string("vqa2-") + part.subset);
    out.rows["image"] = at::tensor(looked_at, at::kLong);
  }

  Tensor tokens(const DataFolder& folder, const std::string& split,
                const std::vector<Question>& asked) const {
    const auto texts = [](const std::vector<Question>& all) {
      std::vector<std::string> some;
      for (const auto& question : all) some.push_back(question.text);
      return some;
    };
    const auto tokeniser = text_.tokeniser(folder, [&] {
      return texts(split == kParts[0].split ? asked : questions(folder, kParts[0]));
    });
    return text_.read(*tokeniser, texts(asked));
  }

  /// [N, answers]: min(1, 0.3 k) of what k people answered, the expectation of the official
  /// accuracy. Two bytes each: of all questions that is 2.8 GB.
  Tensor scores(const DataFolder& folder, const std::vector<Question>& asked,
                const Annotations& annotated) const {
    const auto names = classes(folder);
    std::unordered_map<std::string, std::int64_t> numbers;
    for (const auto& name : names) numbers.emplace(name, static_cast<std::int64_t>(numbers.size()));
    auto all = at::zeros(
        {static_cast<std::int64_t>(asked.size()), static_cast<std::int64_t>(names.size())},
        at::kHalf);
    auto* row = all.mutable_data_ptr<at::Half>();
    for (const auto& question : asked) {
      std::map<std::int64_t, int> people;
      for (const auto& answer : annotated.at(question.id).answers) {
        const auto number = numbers.find(clean_answer(answer));
        if (number != numbers.end()) ++people[number->second];
      }
      for (const auto& [number, count] : people)
        row[number] = static_cast<float>(std::min(1.0, 0.3 * count));
      row += names.size();
    }
    return all;
  }

  std::int64_t answers_, least_;
  bool verify_;
  PictureReader pictures_;
  TextReader text_;
  mutable std::vector<std::string> classes_;  ///< once they have been counted
};

}  // namespace

KTB_DATASET(Vqa2, "questions about COCO's pictures, ten people's answers to each",
            "Goyal et al., arXiv 1612.00837")
