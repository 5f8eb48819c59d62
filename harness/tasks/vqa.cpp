#include "tasks/vqa.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/binary_cross_entropy_with_logits.h>
#include <ATen/ops/bincount.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/where.h>

#include <algorithm>
#include <cctype>
#include <numeric>

#include "core/score/vqa.hpp"
#include "ktb/error.hpp"
#include "tasks/gathered.hpp"

namespace ktb::tasks {
namespace {

constexpr std::size_t kPeople = 10;

/// The class with the highest logit [B], -1 where several share it.
Tensor decided(const Tensor& prediction) {
  const auto logits = comparable(prediction);
  const auto [best, place] = logits.max(1, /*keepdim=*/true);
  return at::where(logits.eq(best).sum(1).eq(1), place.squeeze(1), -1);
}

/// The one text of an entry; empty where the data set has none of the name.
std::string text_of(const Texts& texts, const std::string& name, std::int64_t entry) {
  const auto found = texts.find(name);
  if (found == texts.end()) return "";
  const auto& some = found->second.at(static_cast<std::size_t>(entry));
  return some.empty() ? "" : some.front();
}

/// Whether ten people answered; a data set with one right answer gives that, or no text at all.
bool judged_by_people(const Texts& texts) {
  const auto answers = texts.find("answers");
  return answers != texts.end() && !answers->second.empty() &&
         answers->second.front().size() == kPeople;
}

std::vector<core::VqaQuestion> questions_of(const TaskSpec& spec, const Texts& texts,
                                            const Tensor& entries) {
  if (static_cast<std::int64_t>(spec.classes.size()) != spec.outputs)
    throw Error("the data set " + spec.name + " does not name its answers, so that none can be " +
                "compared with what people answered");
  const auto all = texts.find("answers");
  if (all == texts.end())
    throw Error("the data set " + spec.name + " has scores, but not the answers they come from");
  std::vector<core::VqaQuestion> questions;
  for (const auto entry : whole_numbers(entries)) {
    const auto& answers = all->second.at(static_cast<std::size_t>(entry));
    if (answers.size() != kPeople)
      throw Error("question " + std::to_string(entry) + " of " + spec.name + " has " +
                  std::to_string(answers.size()) + " answers, expected ten");
    questions.push_back({std::to_string(entry), text_of(texts, "question_type", entry),
                         text_of(texts, "answer_type", entry), answers});
  }
  return questions;
}

/// yes/no -> yes_no
std::string as_name(std::string type) {
  std::ranges::replace_if(
      type, [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return type;
}

class VqaMeter final : public Meter {
 public:
  VqaMeter(const Vqa& task, const Texts& texts) : task_(task), texts_(texts) {}

  void add(const Tensor& prediction, const Batch& batch) override {
    decided_.add(decided(prediction));
    losses_.add(task_.loss(prediction.detach(), batch));
    if (const auto label = batch.y.find("label"); label != batch.y.end())
      labels_.add(label->second);
    if (const auto entry = batch.y.find("entry"); entry != batch.y.end())
      entries_.add(entry->second);
  }

  Metrics metrics() const override {
    Metrics metrics = {{"loss", losses_.mean()}};
    if (!labels_.empty()) metrics["accuracy"] = right().to(at::kDouble).mean().item<double>();
    const bool one_answer = !judged_by_people(texts_) || entries_.empty();
    if (task_.spec().categorical && one_answer) return metrics;
    const auto questions = questions_of(task_.spec(), texts_, entries_.all());
    const auto totals = core::vqa_totals(questions, accuracies(questions));
    metrics["vqa"] = totals.overall;
    for (const auto& [type, mean] : totals.by_answer_type)
      if (!type.empty()) metrics["vqa_" + as_name(type)] = mean;
    return metrics;
  }

  std::vector<bool> correct() const override {
    if (decided_.empty()) return {};
    if (task_.spec().categorical) return bits(right());
    std::vector<bool> correct;
    for (const double accuracy : accuracies(questions_of(task_.spec(), texts_, entries_.all())))
      correct.push_back(accuracy >= core::vqa_accuracy(3, kPeople));
    return correct;
  }

 private:
  Tensor right() const { return decided_.all().eq(labels_.all()); }

  std::vector<double> accuracies(const std::vector<core::VqaQuestion>& questions) const {
    const auto chosen = whole_numbers(decided_.all());
    std::vector<double> all;
    for (std::size_t i = 0; i < questions.size(); ++i) {
      const auto answer =
          chosen[i] < 0 ? std::string() : task_.spec().classes[static_cast<std::size_t>(chosen[i])];
      all.push_back(core::vqa_comparison(questions[i].answers, answer).accuracy());
    }
    return all;
  }

  const Vqa& task_;
  const Texts& texts_;
  Gathered decided_, labels_, entries_, losses_;
};

/// Of each class the accuracy of answering nothing else, summed over the questions.
std::vector<double> constant_answers(const std::vector<std::string>& classes,
                                     const std::vector<core::VqaQuestion>& questions) {
  using Places = std::multimap<std::string, std::size_t>;
  Places as_written, cleaned;
  for (std::size_t i = 0; i < classes.size(); ++i) {
    const auto written = core::vqa_comparison({}, classes[i]).prediction;
    as_written.emplace(written, i);
    cleaned.emplace(core::vqa_cleaned(written), i);
  }
  std::vector<double> sums(classes.size());
  for (const auto& question : questions) {
    const auto compared = core::vqa_comparison(question.answers, "");
    std::map<std::string, std::size_t> counts;
    for (const auto& answer : compared.answers) ++counts[answer];
    for (const auto& [answer, count] : counts) {
      const auto [first, last] = (compared.cleaned ? cleaned : as_written).equal_range(answer);
      for (auto at = first; at != last; ++at)
        sums[at->second] += core::vqa_accuracy(count, kPeople);
    }
  }
  return sums;
}

}  // namespace

Tensor Vqa::loss(const Tensor& prediction, const Batch& batch) const {
  const auto logits = prediction.to(at::kFloat);
  const auto scores = batch.y.find("scores");
  if (scores == batch.y.end())
    return at::cross_entropy_loss(logits, batch.y.at("label"), {}, at::Reduction::None);
  return at::binary_cross_entropy_with_logits(logits, scores->second.to(at::kFloat), {}, {},
                                              at::Reduction::None)
      .sum(1);
}

Tensor Vqa::logits(const Tensor& prediction) const {
  return spec().categorical ? prediction : Tensor();
}

Tensor Vqa::labels(const Batch& batch) const {
  return spec().categorical ? batch.y.at("label") : Tensor();
}

std::unique_ptr<Meter> Vqa::meter(const Texts& texts) const {
  return std::make_unique<VqaMeter>(*this, texts);
}

Metrics Vqa::floor(const Tensors& test_y, const Texts& texts) const {
  std::vector<double> sums;
  double questions = 0;
  if (spec().categorical) {
    const auto labels = test_y.at("label").cpu();
    const auto counts = at::bincount(labels, {}, spec().outputs);
    for (const auto count : whole_numbers(counts)) sums.push_back(static_cast<double>(count));
    questions = static_cast<double>(labels.numel());
  } else {
    const auto all = questions_of(spec(), texts, test_y.at("entry"));
    sums = constant_answers(spec().classes, all);
    questions = static_cast<double>(all.size());
  }
  if (questions == 0) throw Error("the test split of " + spec().name + " is empty");
  const double all = std::accumulate(sums.begin(), sums.end(), 0.0);
  return {{"chance", all / questions / static_cast<double>(sums.size())},
          {"majority", *std::ranges::max_element(sums) / questions}};
}

}  // namespace ktb::tasks
