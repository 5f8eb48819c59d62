// Reference cases of tokenisers.
#include <fmt/format.h>
#include <torch/types.h>

#include "ktb/text/wordpiece.hpp"
#include "run/check/check.hpp"
#include "run/kit/conformance.hpp"
#include "run/plugins/plain.hpp"

namespace ktb::run {
namespace {

using core::Json;

/// Two texts, and how they are cut.
struct PairInput {
  std::string first, second, strategy;
  std::int64_t max_length = 0, stride = 0;
};
template <core::Of<PairInput> Self, class Ar>
void fields(Self& input, Ar& ar) {
  ar("first", input.first);
  ar("second", input.second);
  ar("strategy", input.strategy);
  ar("max_length", input.max_length);
  ar.optional("stride", input.stride);
}

/// The encodings of one input: a text, or two that are cut as its words say.
std::vector<Encoding> encode(const WordPiece& wordpiece, const Json& input) {
  if (input.is_string())
    return {wordpiece.one(wordpiece.tokens(input.get<std::string>()), 1 << 20)};
  const auto texts = core::read_json<PairInput>({input, "case", "inputs"});
  const auto first = wordpiece.tokens(texts.first), second = wordpiece.tokens(texts.second);
  if (texts.strategy == "only_second")
    return wordpiece.windows(first, second, texts.max_length, texts.stride);
  return {wordpiece.pair(first, second, texts.max_length)};
}

/// As a case spells it; without what `expected` leaves out.
Json spelled(const WordPiece& wordpiece, const Encoding& encoding, const Json& expected) {
  Json tokens = Json::array(), ids = tokens, types = tokens, offsets = tokens;
  for (const auto& token : encoding) {
    tokens.push_back(wordpiece.piece(token.id));
    ids.push_back(token.id);
    types.push_back(token.segment);
    offsets.push_back({token.begin, token.end});
  }
  const Json all = {{"tokens", tokens}, {"ids", ids}, {"type_ids", types}, {"offsets", offsets}};
  Json wanted = Json::object();
  for (const auto& [key, value] : expected.items())
    if (all.contains(key)) wanted[key] = all[key];
  return wanted;
}

/// Throws Error at the first part of an encoding that differs; other tokenisers' results
/// (slow_tokens and the like) are not meant.
void compare(const Json& input, const Json& actual, const Json& expected) {
  for (const auto& [key, value] : actual.items())
    if (value != expected.at(key))
      throw Error(fmt::format("{} of {}: expected {}, got {}", key, input.dump(),
                              expected.at(key).dump(), value.dump()));
}

}  // namespace

Answers answer_tokeniser(const StoredCase& stored) {
  const DataFolder folder(data_places({}));
  const auto file = WordPiece::file();
  if (folder.find(file.name).empty())
    throw Skipped(file.name + " is not here; scripts/setup --data installs it");
  const WordPiece wordpiece(read_data(folder, file, "scripts/setup --data installs it"), file.name);

  std::vector<std::int64_t> ids, types, lengths, windows;
  const auto inputs = stored.metadata("inputs"), expected = stored.metadata("expected");
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const auto encodings = encode(wordpiece, inputs[i]);
    windows.push_back(static_cast<std::int64_t>(encodings.size()));
    for (std::size_t k = 0; k < encodings.size(); ++k) {
      const auto& wanted = expected[i].is_array() ? expected[i].at(k) : expected[i];
      compare(inputs[i], spelled(wordpiece, encodings[k], wanted), wanted);
      lengths.push_back(static_cast<std::int64_t>(encodings[k].size()));
      for (const auto& token : encodings[k]) {
        ids.push_back(token.id);
        types.push_back(token.segment);
      }
    }
  }
  return Tensors{{"out.ids", torch::tensor(ids, at::kLong)},
                 {"out.type_ids", torch::tensor(types, at::kLong)},
                 {"out.lengths", torch::tensor(lengths, at::kLong)},
                 {"out.windows", torch::tensor(windows, at::kLong)}};
}

}  // namespace ktb::run
