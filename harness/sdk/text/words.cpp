#include "ktb/text/words.hpp"

#include <algorithm>
#include <utility>

#include "core/base/unicode.hpp"
#include "ktb/files/unicode.hpp"

namespace ktb {
namespace {

bool is_letter(char32_t point) {
  if (point < 0x80)
    return (point >= U'a' && point <= U'z') || (point >= U'A' && point <= U'Z') ||
           (point >= U'0' && point <= U'9') || point == U'_';
  return core::is_word_part(point) || core::category(point).front() == 'M';
}

bool is_apostrophe(char32_t point) { return point == U'\'' || point == U'’'; }

/// In lower case, UTF-8.
std::string word_text(std::u32string_view word) {
  std::string text;
  for (const char32_t point : word) {
    if (point >= 0x80) return core::encode_utf8(core::lower(word));
    text += static_cast<char>(point >= U'A' && point <= U'Z' ? point + ('a' - 'A') : point);
  }
  return text;
}

bool is_blank(char32_t point) {
  if (point < 0x80) return point <= U' ' || point == 0x7F;
  const auto category = core::category(point);
  return core::is_white_space(point) || category == "Cc" || category == "Cf";
}

}  // namespace

std::vector<Word> split_words(std::string_view text) {
  const auto points = points_of(text);
  const auto letter_at = [&](std::size_t at) {
    return at < points.size() && is_letter(points[at]);
  };
  std::vector<Word> words;
  for (std::size_t at = 0; at < points.size();) {
    auto end = at + 1;
    if (is_letter(points[at])) {
      while (letter_at(end) ||
             (end < points.size() && is_apostrophe(points[end]) && letter_at(end + 1)))
        ++end;
    }
    if (!is_blank(points[at])) {
      const auto word = std::u32string_view(points).substr(at, end - at);
      words.push_back(
          {word_text(word), static_cast<std::int64_t>(at), static_cast<std::int64_t>(end)});
    }
    at = end;
  }
  return words;
}

Vocabulary::Vocabulary(const std::vector<std::string>& corpus, std::int64_t size) {
  std::unordered_map<std::string, std::int64_t> counts;
  for (const auto& text : corpus)
    for (auto& word : split_words(text)) ++counts[std::move(word.text)];
  std::vector<std::pair<std::int64_t, std::string>> ranked;
  ranked.reserve(counts.size());
  for (const auto& [word, count] : counts) ranked.emplace_back(-count, word);
  std::sort(ranked.begin(), ranked.end());
  for (auto& [count, word] : ranked) {
    const auto id = kFirst + static_cast<std::int64_t>(words_.size());
    if (id >= size) break;
    ids_[word] = id;
    words_.push_back(std::move(word));
  }
}

std::int64_t Vocabulary::id(const std::string& word) const {
  const auto found = ids_.find(word);
  return found == ids_.end() ? kUnknown : found->second;
}

Words::Words(const std::string& name, const std::vector<std::string>& corpus, std::int64_t size)
    : Tokeniser("words:" + name + ":" + std::to_string(size), size,
                {{}, {Vocabulary::kSeparator}, {}}),
      vocabulary_(corpus, size) {}

std::vector<Token> Words::tokens(std::string_view text) const {
  std::vector<Token> all;
  for (const auto& word : split_words(text))
    all.push_back({vocabulary_.id(word.text), word.begin, word.end});
  return all;
}

}  // namespace ktb
