#include "core/score/vqa.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <set>

#include "core/base/unicode.hpp"

namespace ktb::core {
namespace {

constexpr std::u32string_view kPunctuation = U";/[]\"{}()=+\\_-><@`,?!";

/// As they should be written. A word that lacks one of the apostrophes is taken for it.
constexpr std::string_view kContractions =
    "'ow's'at 'twas ain't aren't can't could've couldn't couldn't've didn't doesn't don't hadn't "
    "hadn't've hasn't haven't he'd he'd've he's how'd how'll how's isn't it'd it'd've it'll ma'am "
    "might've mightn't mightn't've must've mustn't needn't not've o'clock oughtn't shan't she'd've "
    "should've shouldn't shouldn't've somebody'd've somebody'll somebody's someone'd someone'd've "
    "someone'll someone's something'd something'd've something'll that's there'd there'd've "
    "there're there's they'd they'd've they'll they're they've wasn't we'd've we've weren't "
    "what'll what're what's what've when's where'd where's where've who'd who'd've who'll who's "
    "who've why'll why're why's won't would've wouldn't wouldn't've y'all y'all'd've y'all'll "
    "you'd you'd've you'll you're you've";

constexpr std::array<std::string_view, 11> kNumbers = {
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"};

using Words = std::map<std::string, std::string, std::less<>>;

/// What a word becomes once punctuation is gone. The table of VQA has 120 entries: these and four
/// with capitals, which no lower-cased text can meet, and two that change nothing.
const Words& replacements() {
  static const Words all = [] {
    Words words;
    for (auto left = kContractions; !left.empty();) {
      const std::string word(left.substr(0, left.find(' ')));
      left.remove_prefix(std::min(left.size(), word.size() + 1));
      for (auto at = word.find('\''); at != std::string::npos; at = word.find('\'', at + 1))
        words[std::string(word).erase(at, 1)] = word;
    }
    words["somebody'd"] = "somebodyd";
    words["none"] = "0";
    for (std::size_t i = 0; i < kNumbers.size(); ++i)
      words[std::string(kNumbers[i])] = std::to_string(i);
    return words;
  }();
  return all;
}

bool is_digit(char32_t point) {
  return point < 0x80 ? point >= U'0' && point <= U'9' : category(point) == "Nd";
}

bool has_comma_between_digits(std::u32string_view text) {
  for (auto at = text.find(U','); at != std::u32string_view::npos; at = text.find(U',', at + 1)) {
    if (at > 0 && at + 1 < text.size() && is_digit(text[at - 1]) && is_digit(text[at + 1]))
      return true;
  }
  return false;
}

bool stands_next_to_blank(std::u32string_view text, char32_t point) {
  const std::u32string before = {U' ', point}, after = {point, U' '};
  return text.find(before) != std::u32string_view::npos ||
         text.find(after) != std::u32string_view::npos;
}

/// Whether a mark is deleted or becomes a blank is a matter of the whole text, not of its place.
std::u32string without_punctuation(std::u32string text) {
  const auto original = text;
  const bool number = has_comma_between_digits(original);
  for (const char32_t mark : kPunctuation) {
    if (original.find(mark) == std::u32string::npos) continue;
    if (number || stands_next_to_blank(original, mark))
      std::erase(text, mark);
    else
      std::ranges::replace(text, mark, U' ');
  }
  return text;
}

/// The first 32 of those that no digit follows: VQA's script hands a flag over as a count.
std::u32string without_full_stops(std::u32string_view text) {
  std::u32string kept;
  int deleted = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool decimal = i + 1 < text.size() && is_digit(text[i + 1]);
    if (text[i] == U'.' && !decimal && deleted < 32)
      ++deleted;
    else
      kept += text[i];
  }
  return kept;
}

bool is_article(const std::string& word) { return word == "a" || word == "an" || word == "the"; }

std::string trimmed(std::string_view utf8) {
  auto text = decode_utf8(utf8);
  for (char32_t& point : text)
    if (point == U'\n' || point == U'\t') point = U' ';
  const auto first = std::ranges::find_if_not(text, is_white_space);
  auto last = text.end();
  while (last != first && is_white_space(*(last - 1))) --last;
  return encode_utf8({first, last});
}

}  // namespace

std::string vqa_cleaned(std::string_view utf8) {
  const auto text = lower(without_full_stops(without_punctuation(decode_utf8(utf8))));
  std::string cleaned;
  for (auto at = text.begin(); at != text.end();) {
    const auto end = std::find_if(at, text.end(), is_white_space);
    auto word = encode_utf8({at, end});
    at = std::find_if_not(end, text.end(), is_white_space);
    if (const auto found = replacements().find(word); found != replacements().end())
      word = found->second;
    if (word.empty() || is_article(word)) continue;
    if (!cleaned.empty()) cleaned += ' ';
    cleaned += word;
  }
  return cleaned;
}

double vqa_accuracy(std::size_t alike, std::size_t count) {
  if (alike == 0) return 0;
  const auto share = [](std::size_t others) {
    return std::min(1.0, static_cast<double>(others) / 3);
  };
  const auto same = static_cast<double>(alike), all = static_cast<double>(count);
  return (same * share(alike - 1) + (all - same) * share(alike)) / all;
}

VqaComparison vqa_comparison(const std::vector<std::string>& answers, std::string_view prediction) {
  VqaComparison pair;
  for (const auto& answer : answers) pair.answers.push_back(trimmed(answer));
  pair.prediction = trimmed(prediction);
  pair.cleaned = std::set(pair.answers.begin(), pair.answers.end()).size() > 1;
  if (!pair.cleaned) return pair;
  for (auto& answer : pair.answers) answer = vqa_cleaned(answer);
  pair.prediction = vqa_cleaned(pair.prediction);
  return pair;
}

double VqaComparison::accuracy() const {
  return vqa_accuracy(static_cast<std::size_t>(std::ranges::count(answers, prediction)),
                      answers.size());
}

VqaTotals vqa_totals(const std::vector<VqaQuestion>& questions,
                     const std::vector<double>& accuracies) {
  VqaTotals totals;
  std::map<std::string, double> answer_types, question_types;
  for (std::size_t i = 0; i < questions.size(); ++i) {
    totals.overall += accuracies[i];
    totals.by_answer_type[questions[i].answer_type] += accuracies[i];
    totals.by_question_type[questions[i].question_type] += accuracies[i];
    ++answer_types[questions[i].answer_type];
    ++question_types[questions[i].question_type];
  }
  if (!questions.empty()) totals.overall /= static_cast<double>(questions.size());
  for (auto& [type, sum] : totals.by_answer_type) sum /= answer_types[type];
  for (auto& [type, sum] : totals.by_question_type) sum /= question_types[type];
  return totals;
}

}  // namespace ktb::core
