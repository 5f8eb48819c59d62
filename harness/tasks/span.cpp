#include "tasks/span.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cross_entropy_loss.h>

#include <algorithm>
#include <limits>
#include <map>
#include <set>

#include "core/base/unicode.hpp"
#include "core/score/squad.hpp"
#include "ktb/error.hpp"
#include "tasks/gathered.hpp"

namespace ktb::tasks {
namespace {

constexpr std::int64_t kBest = 20, kLongest = 30;
constexpr double kLowest = -std::numeric_limits<double>::infinity();

/// The best span of each window: its score, and where its text begins and ends in the passage.
struct Spans {
  Tensor score, begin, end;  ///< [B]; a score of minus infinity: there is none
};

Spans best_spans(const Tensor& prediction, const Tensor& offsets) {
  const auto begins = offsets.select(2, 0), ends = offsets.select(2, 1);
  const auto logits = comparable(prediction).masked_fill(begins.lt(0).unsqueeze(1), kLowest);
  const auto [values, places] = logits.topk(std::min(kBest, logits.size(2)), 2);
  const auto from = places.select(1, 0).unsqueeze(2), to = places.select(1, 1).unsqueeze(1);
  const auto from_value = values.select(1, 0).unsqueeze(2);
  const auto to_value = values.select(1, 1).unsqueeze(1);
  const auto allowed = to.ge(from)
                           .logical_and((to - from).lt(kLongest))
                           .logical_and(from_value.gt(kLowest))
                           .logical_and(to_value.gt(kLowest));
  const auto [score, place] =
      (from_value + to_value).masked_fill(~allowed, kLowest).flatten(1).max(1, /*keepdim=*/true);
  const auto token = [&](const Tensor& side) {
    return side.expand(allowed.sizes()).flatten(1).gather(1, place);
  };
  return {score.squeeze(1), begins.gather(1, token(from)).squeeze(1),
          ends.gather(1, token(to)).squeeze(1)};
}

using Lists = std::vector<std::vector<std::string>>;

const Lists& lists_of(const Texts& texts, const std::string& name, const TaskSpec& spec) {
  const auto found = texts.find(name);
  if (found != texts.end()) return found->second;
  throw Error("the data set " + spec.name + " has no texts `" + name + "`, which judge spans");
}

/// What the questions are judged by.
struct Reference {
  Reference(const TaskSpec& spec, const Texts& texts)
      : passage(lists_of(texts, "passage", spec)), answers(lists_of(texts, "answers", spec)) {
    if (std::ranges::any_of(answers, [](const auto& some) { return some.empty(); }))
      rules = core::SquadRules::kV2;
  }

  const Lists &passage, &answers;  ///< by entry
  core::SquadRules rules = core::SquadRules::kV1;
};

/// Entries [N] without repetition, in the order of their coming.
std::vector<std::size_t> distinct(const Tensor& entries) {
  std::vector<std::size_t> all;
  std::set<std::int64_t> known;
  for (const auto entry : whole_numbers(entries))
    if (known.insert(entry).second) all.push_back(static_cast<std::size_t>(entry));
  return all;
}

class SpanMeter final : public Meter {
 public:
  SpanMeter(const Span& task, const Texts& texts) : task_(task), reference_(task.spec(), texts) {}

  void add(const Tensor& prediction, const Batch& batch) override {
    const auto spans = best_spans(prediction, batch.y.at("offsets"));
    entries_.add(batch.y.at("entry"));
    scores_.add(spans.score);
    none_.add(comparable(prediction).select(2, 0).sum(1));
    begins_.add(spans.begin);
    ends_.add(spans.end);
    losses_.add(task_.loss(prediction.detach(), batch));
  }

  Metrics metrics() const override {
    const auto questions = answered();
    const auto totals =
        core::squad_totals(questions, core::squad_scores(questions, reference_.rules));
    Metrics metrics = {
        {"exact_match", totals.all.exact}, {"f1", totals.all.f1}, {"loss", losses_.mean()}};
    if (reference_.rules == core::SquadRules::kV1) return metrics;
    metrics["has_answer_exact_match"] = totals.has_answer.exact;
    metrics["has_answer_f1"] = totals.has_answer.f1;
    metrics["no_answer_f1"] = totals.no_answer.f1;
    return metrics;
  }

  std::vector<bool> correct() const override {
    if (entries_.empty()) return {};
    std::vector<bool> exact;
    for (const auto& score : core::squad_scores(answered(), reference_.rules))
      exact.push_back(score.exact == 1);
    return exact;
  }

 private:
  /// Over the windows of a question: the best span, and the least trust in that there is none.
  struct Choice {
    double score = kLowest, none = -kLowest;
    std::int64_t begin = 0, end = 0;
  };

  std::map<std::size_t, Choice> choices() const {
    const auto entry = whole_numbers(entries_.all());
    const auto begin = whole_numbers(begins_.all()), end = whole_numbers(ends_.all());
    const auto score = numbers(scores_.all()), none = numbers(none_.all());
    std::map<std::size_t, Choice> choices;
    for (std::size_t i = 0; i < entry.size(); ++i) {
      auto& choice = choices[static_cast<std::size_t>(entry[i])];
      choice.none = std::min(choice.none, none[i]);
      if (score[i] > choice.score) choice = {score[i], choice.none, begin[i], end[i]};
    }
    return choices;
  }

  std::string answer(std::size_t entry, const Choice& choice) const {
    const bool none = reference_.rules == core::SquadRules::kV2 && choice.none > choice.score;
    if (none || choice.score == kLowest) return "";
    return core::cut_utf8(reference_.passage.at(entry).at(0),
                          static_cast<std::size_t>(choice.begin),
                          static_cast<std::size_t>(choice.end));
  }

  std::vector<core::SquadQuestion> answered() const {
    const auto chosen = choices();
    std::vector<core::SquadQuestion> questions;
    for (const auto entry : distinct(entries_.all()))
      questions.push_back({"", reference_.answers.at(entry), answer(entry, chosen.at(entry)), 0});
    return questions;
  }

  const Span& task_;
  Reference reference_;
  Gathered entries_, scores_, none_, begins_, ends_, losses_;
};

/// In how many of the entries' passages a word occurs, equal passages counted once.
std::map<std::string, std::size_t> passages_by_word(const Reference& reference,
                                                    const std::vector<std::size_t>& entries) {
  std::set<std::string_view> passages;
  std::map<std::string, std::size_t> counts;
  for (const auto entry : entries) {
    const auto& passage = reference.passage.at(entry).at(0);
    if (!passages.insert(passage).second) continue;
    const auto words = core::squad_words(passage);
    for (const auto& word : std::set(words.begin(), words.end())) ++counts[word];
  }
  return counts;
}

}  // namespace

Tensor Span::loss(const Tensor& prediction, const Batch& batch) const {
  const auto side = [&](std::int64_t row, const char* name) {
    return at::cross_entropy_loss(prediction.to(at::kFloat).select(1, row), batch.y.at(name), {},
                                  at::Reduction::None);
  };
  return (side(0, "start") + side(1, "end")) / 2;
}

std::unique_ptr<Meter> Span::meter(const Texts& texts) const {
  return std::make_unique<SpanMeter>(*this, texts);
}

Metrics Span::floor(const Tensors& test_y, const Texts& texts) const {
  const Reference reference(spec(), texts);
  const auto entries = distinct(test_y.at("entry"));
  if (entries.empty()) throw Error("the test split of " + spec().name + " is empty");
  const auto counts = passages_by_word(reference, entries);
  double random = 0, rarest = 0, unanswered = 0;
  for (const auto entry : entries) {
    const auto& answers = reference.answers.at(entry);
    const auto words = core::squad_words(reference.passage.at(entry).at(0));
    const core::SquadJudge judge(answers, reference.rules);
    double sum = 0;
    for (const auto& word : words) sum += judge.score({word}).f1;
    random += sum / static_cast<double>(std::max<std::size_t>(1, words.size()));
    unanswered += answers.empty() ? 1 : 0;
    if (words.empty()) continue;
    const auto rare = [&](const std::string& word) { return counts.at(word); };
    rarest += judge.score({*std::ranges::min_element(words, {}, rare)}).f1;
  }
  const auto n = static_cast<double>(entries.size());
  Metrics floor = {{"chance", random / n}, {"rarest_word", rarest / n}};
  if (reference.rules == core::SquadRules::kV2) floor["majority"] = unanswered / n;
  return floor;
}

}  // namespace ktb::tasks
