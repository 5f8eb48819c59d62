#include "ktb/text/passages.hpp"

#include <ATen/ops/full.h>
#include <ATen/ops/tensor.h>

#include <algorithm>
#include <utility>

#include "ktb/files/unicode.hpp"

namespace ktb {
namespace {

bool of_passage(const Token& token) { return token.segment == 1 && !token.framing(); }

/// The first and last token of the first answer in a window; 0, 0 where not all of it is there.
std::pair<std::int64_t, std::int64_t> target(const Question& question, const Encoding& window) {
  if (question.answers.empty()) return {0, 0};
  const auto begin = question.answers.front().begin;
  const auto end = begin + count_points(question.answers.front().text);
  const auto first = std::find_if(window.begin(), window.end(), of_passage);
  const auto last = std::find_if_not(first, window.end(), of_passage);
  if (first == last || first->begin > begin || std::prev(last)->end < end) return {0, 0};
  const auto from =
      std::find_if(first, last, [&](const Token& token) { return token.end > begin; });
  const auto to = std::find_if(from, last, [&](const Token& token) { return token.begin >= end; });
  if (from == to) return {0, 0};
  return {from - window.begin(), to - window.begin() - 1};
}

/// [N, length, 2]: where the tokens of the passages stand, -1 elsewhere.
Tensor offsets(const std::vector<Encoding>& windows, std::int64_t length) {
  const auto n = static_cast<std::int64_t>(windows.size());
  auto table = at::full({n, length, 2}, -1, at::kLong);
  auto* row = table.mutable_data_ptr<std::int64_t>();
  for (const auto& window : windows) {
    for (std::size_t i = 0; i < window.size(); ++i) {
      if (!of_passage(window[i])) continue;
      row[2 * i] = window[i].begin;
      row[2 * i + 1] = window[i].end;
    }
    row += 2 * length;
  }
  return table;
}

void add_texts(const Question& question, Texts& texts) {
  texts["id"].push_back({question.id});
  texts["question"].push_back({question.text});
  texts["passage"].push_back({*question.passage});
  auto& answers = texts["answers"].emplace_back();
  for (const auto& answer : question.answers) answers.push_back(answer.text);
}

}  // namespace

PassageReader::PassageReader(Options& options, std::string corpus, std::int64_t length,
                             std::int64_t vocabulary, std::int64_t question, std::int64_t stride)
    : reader_(options, std::move(corpus), length, vocabulary),
      question_(options.get("question_length", question, "tokens of a question that are kept",
                            {.least = 1, .most = 4096})),
      stride_(options.get("stride", stride,
                          "tokens that neighbouring windows on a long passage share",
                          {.least = 0, .most = 4096})) {}

TaskSpec PassageReader::task() const {
  TaskSpec spec;
  spec.kind = "span";
  spec.inputs = {reader_.tokens(), reader_.segments()};
  spec.outputs = 2;
  spec.labels = "span";
  return spec;
}

void PassageReader::visit(const std::vector<Question>& questions, const Tokeniser& tokeniser,
                          const Visit& visit) const {
  const std::string* last = nullptr;
  std::vector<Token> passage;
  for (const auto& question : questions) {
    if (question.passage.get() != last) passage = tokeniser.tokens(*question.passage);
    last = question.passage.get();
    auto asked = tokeniser.tokens(question.text);
    if (static_cast<std::int64_t>(asked.size()) > question_)
      asked.resize(static_cast<std::size_t>(question_));
    visit(question, tokeniser.windows(asked, passage, reader_.length(), stride_));
  }
}

std::int64_t PassageReader::count(const std::vector<Question>& questions,
                                  const Tokeniser& tokeniser) const {
  std::int64_t n = 0;
  visit(questions, tokeniser, [&](const Question&, std::vector<Encoding> windows) {
    n += static_cast<std::int64_t>(windows.size());
  });
  return n;
}

Split PassageReader::read(const std::vector<Question>& questions,
                          const Tokeniser& tokeniser) const {
  Split split;
  std::vector<Encoding> all;
  std::vector<std::int64_t> starts, ends, entries;
  visit(questions, tokeniser, [&](const Question& question, std::vector<Encoding> windows) {
    const auto entry = static_cast<std::int64_t>(split.texts["id"].size());
    add_texts(question, split.texts);
    for (auto& window : windows) {
      const auto [start, end] = target(question, window);
      starts.push_back(start);
      ends.push_back(end);
      entries.push_back(entry);
      all.push_back(std::move(window));
    }
  });
  split.x = reader_.tables(all);
  split.y = {{"start", at::tensor(starts, at::kLong)},
             {"end", at::tensor(ends, at::kLong)},
             {"entry", at::tensor(entries, at::kLong)},
             {"offsets", offsets(all, reader_.length())}};
  return split;
}

}  // namespace ktb
