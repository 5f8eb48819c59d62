#include "ktb/text/wordpiece.hpp"

#include <algorithm>
#include <array>
#include <unordered_map>
#include <utility>

#include "core/base/unicode.hpp"
#include "ktb/error.hpp"
#include "ktb/files/delimited.hpp"
#include "ktb/files/unicode.hpp"

namespace ktb {
namespace {

constexpr std::int64_t kUnknown = 100, kStart = 101, kSeparator = 102;
constexpr std::size_t kLongestWord = 100;

/// A character as the vocabulary has it, and the place of the one in the text that it comes from.
struct Letter {
  char32_t point = 0;
  std::int64_t at = 0;
};
using Letters = std::vector<Letter>;

constexpr std::array<std::pair<char32_t, char32_t>, 8> kIdeographs = {{{0x4E00, 0x9FFF},
                                                                       {0x3400, 0x4DBF},
                                                                       {0x20000, 0x2A6DF},
                                                                       {0x2A700, 0x2B73F},
                                                                       {0x2B740, 0x2B81F},
                                                                       {0x2B920, 0x2CEAF},
                                                                       {0xF900, 0xFAFF},
                                                                       {0x2F800, 0x2FA1F}}};

bool is_ideograph(char32_t point) {
  return std::any_of(kIdeographs.begin(), kIdeographs.end(), [&](const auto& block) {
    return block.first <= point && point <= block.second;
  });
}

bool is_space(char32_t point) {
  if (point < 0x80) return point == U' ' || point == U'\t' || point == U'\n' || point == U'\r';
  return core::category(point).front() == 'Z';
}

bool is_removed(char32_t point) {
  if (point < 0x80) return point < 0x20 || point == 0x7F;
  const auto category = core::category(point);
  return point == 0xFFFD || category == "Cc" || category == "Cf" || category == "Co";
}

bool is_punctuation(char32_t point) {
  return core::is_ascii_punctuation(point) ||
         (point >= 0x80 && core::category(point).front() == 'P');
}

/// Groups the characters of a text to words, without accents and in lower case.
class WordSplitter {
 public:
  void add(char32_t point, std::int64_t at) {
    if (is_space(point)) {
      finish();
    } else if (is_ideograph(point)) {
      finish();
      add_plain(point, at);
      finish();
    } else if (!is_removed(point)) {
      add_plain(point, at);
    }
  }

  /// The words so far; the next one begins anew.
  std::vector<Letters> take() {
    finish();
    return std::exchange(words_, {});
  }

 private:
  void add_plain(char32_t point, std::int64_t at) {
    if (point < 0x80) return add_letter(point >= U'A' && point <= U'Z' ? point + 32 : point, at);
    for (const auto part : core::decomposed({&point, 1})) {
      if (core::category(part) == "Mn") continue;
      for (const auto low : core::lower({&part, 1})) add_letter(low, at);
    }
  }

  void add_letter(char32_t point, std::int64_t at) {
    const bool alone = is_punctuation(point);
    if (alone) finish();
    word_.push_back({point, at});
    if (alone) finish();
  }

  void finish() {
    if (!word_.empty()) words_.push_back(std::exchange(word_, {}));
  }

  Letters word_;
  std::vector<Letters> words_;
};

/// Special tokens that stand for themselves in a text.
constexpr std::array<std::pair<std::u32string_view, std::int64_t>, 5> kSpecial = {
    {{U"[PAD]", 0}, {U"[UNK]", 100}, {U"[CLS]", 101}, {U"[SEP]", 102}, {U"[MASK]", 103}}};

/// The special token at a place of the text, or one of no length.
std::pair<std::u32string_view, std::int64_t> special_at(std::u32string_view text, std::size_t at) {
  if (text[at] != U'[') return {};
  const auto* found = std::find_if(kSpecial.begin(), kSpecial.end(), [&](const auto& special) {
    return text.substr(at).starts_with(special.first);
  });
  return found == kSpecial.end() ? std::pair<std::u32string_view, std::int64_t>() : *found;
}

}  // namespace

/// The vocabulary: pieces that begin a word, and pieces that go on (without their `##`).
struct WordPiece::Pieces {
  /// Lets a map of texts be asked for a part of a text, without a copy.
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::u32string_view text) const {
      return std::hash<std::u32string_view>()(text);
    }
  };
  using Ids = std::unordered_map<std::u32string, std::int64_t, TextHash, std::equal_to<>>;

  void add(const std::string& text) {
    const auto id = static_cast<std::int64_t>(texts.size());
    const auto points = points_of(text);
    if (points.starts_with(U"##") && points.size() > 2) {
      following.emplace(points.substr(2), id);
    } else {
      first.emplace(points, id);
    }
    texts.push_back(text);
  }

  /// Cuts a word greedily, longest piece first; all of it is unknown where one piece is.
  void cut(const Letters& letters, std::vector<Token>& tokens) const {
    std::u32string text;
    for (const auto& letter : letters) text += letter.point;
    const auto before = tokens.size();
    const auto add = [&](std::int64_t id, std::size_t begin, std::size_t end) {
      tokens.push_back({id, letters[begin].at, letters[end - 1].at + 1});
    };
    for (std::size_t begin = 0, end = 0; begin < text.size(); begin = end) {
      const auto& ids = begin == 0 ? first : following;
      auto found = ids.end();
      for (end = text.size() > kLongestWord ? begin : text.size(); end > begin; --end) {
        found = ids.find(std::u32string_view(text).substr(begin, end - begin));
        if (found != ids.end()) break;
      }
      if (found == ids.end()) {
        tokens.resize(before);
        return add(kUnknown, 0, letters.size());
      }
      add(found->second, begin, end);
    }
  }

  std::vector<std::string> texts;
  Ids first, following;
};

DataFile WordPiece::file() {
  return {"minilm/vocab.txt",
          "sha256:07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3", 231508};
}

WordPiece::WordPiece(const Bytes& vocab, const std::string& name)
    : Tokeniser(kSpace, kSize, {{kStart}, {kSeparator}, {kSeparator}}) {
  Pieces pieces;
  for (const auto& row : read_tsv(vocab, name, 1)) pieces.add(row.fields[0]);
  if (pieces.texts.size() != static_cast<std::size_t>(kSize)) {
    throw Error(name + " has " + std::to_string(pieces.texts.size()) + " lines, expected " +
                std::to_string(kSize) + ", the vocabulary of bert-base-uncased");
  }
  for (const auto& [text, id] : kSpecial) {
    if (pieces.first.find(text) == pieces.first.end() || pieces.first.find(text)->second != id) {
      throw Error(name + ", line " + std::to_string(id + 1) + ": expected " +
                  core::encode_utf8(text) + ", as in the vocabulary of bert-base-uncased");
    }
  }
  pieces_ = std::make_unique<const Pieces>(std::move(pieces));
}
WordPiece::~WordPiece() = default;

std::vector<Token> WordPiece::tokens(std::string_view text) const {
  const auto points = points_of(text);
  std::vector<Token> all;
  WordSplitter splitter;
  const auto cut_words = [&] {
    for (const auto& word : splitter.take()) pieces_->cut(word, all);
  };
  for (std::size_t at = 0; at < points.size();) {
    const auto begin = static_cast<std::int64_t>(at);
    if (const auto [special, id] = special_at(points, at); !special.empty()) {
      cut_words();
      at += special.size();
      all.push_back({id, begin, static_cast<std::int64_t>(at)});
    } else {
      splitter.add(points[at++], begin);
    }
  }
  cut_words();
  return all;
}

const std::string& WordPiece::piece(std::int64_t id) const {
  return pieces_->texts.at(static_cast<std::size_t>(id));
}

}  // namespace ktb
