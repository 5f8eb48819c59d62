#include "ktb/text/wordnet.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <sstream>
#include <unordered_set>
#include <utility>

#include "core/base/seed.hpp"
#include "ktb/files/delimited.hpp"

namespace ktb {
namespace {

constexpr char kGetWordNet[] =
    "WordNet 3.0 on Debian and Ubuntu: apt-get install wordnet-base (scripts/setup --data does)\n"
    "Elsewhere: put its data.* and *.exc files into wordnet/ below a data directory;\n"
    "they are at wordnet.princeton.edu";

/// Of a hundred head lemmas, those that are tested.
constexpr std::uint64_t kTestShare = 15;

struct SpeechPart {
  char letter;
  const char* word;
  const char* data_digest;
  const char* exceptions_digest;
};
constexpr std::array<SpeechPart, 4> kSpeechParts = {{
    {'n', "noun", "sha256:fea17d2f9656611334eac790e5d69e47645fa180c4aa481fb4cd9b3520754ca2",
     "sha256:2b5d675c380b39ecf595af9fa9d4e7feb1d58c643b0bff08c40ed5bfe41fab7a"},
    {'v', "verb", "sha256:adcf43e35b581e8036d8b5a52d63d9cd3d3b4870b2720d3c03c799df44777bc2",
     "sha256:dbbcf9a601b2d77e934e413b91d90e88ec7f933a8b77cfc00602a923b891b42c"},
    {'a', "adj", "sha256:c89120dfc1f046ddff4a631bf9b7e9fa1a36b5e86565a23bf82dbe14f30b88a7",
     "sha256:8824cc24bbedd797b9702316b27f07cd4c2b76b629539f0a1276f03926758016"},
    {'r', "adv", "sha256:444a63bf3955080ab7524f5079cfc07ff9bc682cb98bdb1db73b0fb9829f1139",
     "sha256:e7291461b629abfe63301bbe1998cee09fd575ed7107abd7ea9763adb05bf0a8"},
}};

/// One line of a data file, taken apart from left to right.
class DataLine {
 public:
  DataLine(std::string_view text, const std::string& name, std::int64_t number)
      : left_(text), name_(name), number_(number) {}

  [[noreturn]] void refuse(const std::string& what) const {
    throw Error(name_ + ", line " + std::to_string(number_) + ": " + what + "\n" + kGetWordNet);
  }

  std::string_view word() {
    const auto end = left_.find(' ');
    if (end == std::string_view::npos || end == 0) refuse("the line is damaged or cut off");
    const auto found = left_.substr(0, end);
    left_.remove_prefix(end + 1);
    return found;
  }

  std::int64_t number(int base, const char* what) {
    const auto text = word();
    std::int64_t value = 0;
    const auto [stop, fault] = std::from_chars(text.begin(), text.end(), value, base);
    if (fault != std::errc() || stop != text.end())
      refuse(std::string("expected ") + what + ", found `" + std::string(text) + "`");
    return value;
  }

  /// What follows the bar.
  std::string_view gloss() const {
    const auto bar = left_.find("| ");
    if (bar == std::string_view::npos) refuse("it has no `| ` and definition behind it");
    auto text = left_.substr(bar + 2);
    while (text.ends_with(' ')) text.remove_suffix(1);
    return text;
  }

 private:
  std::string_view left_;
  const std::string& name_;
  std::int64_t number_;
};

/// `take_a_breath` and `alive(p)` as they are written.
std::string plain_lemma(std::string_view word, char part) {
  if (part == 'a' && word.ends_with(')')) word = word.substr(0, word.rfind('('));
  std::string lemma(word);
  std::replace(lemma.begin(), lemma.end(), '_', ' ');
  return lemma;
}

std::string lower_case(std::string text) {
  for (auto& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

/// A definition ends where the first sentence in quotes begins.
void take_apart(std::string_view gloss, Synset& synset) {
  auto end = std::min(gloss.find("; \""), gloss.find(": \""));
  auto definition = gloss.substr(0, end);
  while (definition.ends_with(' ') || definition.ends_with(';')) definition.remove_suffix(1);
  synset.definition = definition;
  while (end < gloss.size()) {
    const auto open = gloss.find('"', end);
    const auto close = open == std::string_view::npos ? open : gloss.find('"', open + 1);
    if (close == std::string_view::npos) return;
    synset.examples.emplace_back(gloss.substr(open + 1, close - open - 1));
    end = close + 1;
  }
}

/// A line of a data file, which stands `place` bytes behind the file's begin.
Synset read_synset(DataLine line, std::size_t place, const SpeechPart& part) {
  const auto named = line.number(10, "the line's place in the file");
  if (named != static_cast<std::int64_t>(place)) {
    line.refuse("it should stand at byte " + std::to_string(named) + " and stands at " +
                std::to_string(place) + ": lines are missing, added or in another order");
  }
  Synset synset;
  synset.lexname = line.number(10, "the number of a lexicographer file");
  const auto& names = wordnet_lexnames();
  const auto known = static_cast<std::int64_t>(names.size());
  if (synset.lexname < 0 || synset.lexname >= known ||
      !names[static_cast<std::size_t>(synset.lexname)].starts_with(part.word))
    line.refuse(std::to_string(synset.lexname) + " is no lexicographer file of data." + part.word);
  line.word();  // n, v, a, s or r
  for (auto words = line.number(16, "the number of words"); words > 0; --words) {
    synset.lemmas.push_back(plain_lemma(line.word(), part.letter));
    line.word();  // tells equal words of a lexicographer file apart
  }
  if (synset.lemmas.empty()) line.refuse("it has no word");
  synset.id = part.letter + std::to_string(named);
  take_apart(line.gloss(), synset);
  if (synset.definition.empty()) line.refuse("its definition is empty");
  synset.test =
      core::axis_seed({"wordnet", "split", lower_case(synset.lemmas[0])}) % 100 < kTestShare;
  synset.rank = core::axis_seed({"wordnet", "rank", synset.id});
  return synset;
}

std::vector<Synset> read_part(const Bytes& bytes, const std::string& name, const SpeechPart& part) {
  const auto text = text_of(bytes, name);
  std::vector<Synset> synsets;
  std::int64_t number = 0;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    const DataLine line(std::string_view(text).substr(at, end - at), name, ++number);
    if (end == text.size()) line.refuse("the file is cut off: its last line has no end");
    if (text[at] != ' ') synsets.push_back(read_synset(line, at, part));  // the licence is indented
    at = end + 1;
  }
  return synsets;
}

const SpeechPart& part_of(char letter) {
  return *std::find_if(kSpeechParts.begin(), kSpeechParts.end(),
                       [&](const SpeechPart& part) { return part.letter == letter; });
}

}  // namespace

const std::vector<std::string>& wordnet_lexnames() {
  static const std::vector<std::string> names = {
      "adj.all",          "adj.pert",           "adv.all",
      "noun.Tops",        "noun.act",           "noun.animal",
      "noun.artifact",    "noun.attribute",     "noun.body",
      "noun.cognition",   "noun.communication", "noun.event",
      "noun.feeling",     "noun.food",          "noun.group",
      "noun.location",    "noun.motive",        "noun.object",
      "noun.person",      "noun.phenomenon",    "noun.plant",
      "noun.possession",  "noun.process",       "noun.quantity",
      "noun.relation",    "noun.shape",         "noun.state",
      "noun.substance",   "noun.time",          "verb.body",
      "verb.change",      "verb.cognition",     "verb.communication",
      "verb.competition", "verb.consumption",   "verb.contact",
      "verb.creation",    "verb.emotion",       "verb.motion",
      "verb.perception",  "verb.possession",    "verb.social",
      "verb.stative",     "verb.weather",       "adj.ppl"};
  return names;
}

WordNet::WordNet(Options& options)
    : verify_(options.get("verify", true, "the files must be those of WordNet 3.0")) {}

DataFile WordNet::file(const std::string& name, const char* digest) const {
  return {"wordnet/" + name, verify_ ? digest : "", 0};
}

std::vector<DataFile> WordNet::files() const {
  std::vector<DataFile> all;
  for (const auto& part : kSpeechParts) {
    all.push_back(file(std::string("data.") + part.word, part.data_digest));
    all.push_back(file(std::string(part.word) + ".exc", part.exceptions_digest));
  }
  return all;
}

std::string WordNet::get() { return kGetWordNet; }
std::vector<std::string> WordNet::usual_places() { return {"/usr/share"}; }

std::vector<Synset> WordNet::synsets(const DataFolder& folder) const {
  std::vector<Synset> all;
  std::unordered_set<std::string> definitions, sentences;
  for (const auto& part : kSpeechParts) {
    const auto wanted = file(std::string("data.") + part.word, part.data_digest);
    for (auto& synset : read_part(read_data(folder, wanted, kGetWordNet), wanted.name, part)) {
      if (!definitions.insert(synset.definition).second) continue;
      std::erase_if(synset.examples, [&](const std::string& sentence) {
        return !sentences.insert(sentence).second;
      });
      all.push_back(std::move(synset));
    }
  }
  return all;
}

std::multimap<std::string, std::string> WordNet::exceptions(const DataFolder& folder,
                                                            char part) const {
  const auto& known = part_of(part);
  const auto wanted = file(std::string(known.word) + ".exc", known.exceptions_digest);
  const auto text = text_of(read_data(folder, wanted, kGetWordNet), wanted.name);
  std::multimap<std::string, std::string> forms;
  std::istringstream lines(text);
  std::int64_t number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    std::istringstream words(line);
    std::string form, lemma;
    words >> form >> lemma;
    if (lemma.empty()) DataLine(line, wanted.name, number).refuse("expected a form and its lemma");
    do forms.emplace(plain_lemma(lemma, part), plain_lemma(form, part));
    while (words >> lemma);
  }
  return forms;
}

std::vector<std::string> WordNet::training_texts(const std::vector<Synset>& synsets) {
  std::vector<std::string> texts;
  for (const auto& synset : synsets) {
    if (synset.test) continue;
    texts.push_back(synset.definition);
    texts.insert(texts.end(), synset.examples.begin(), synset.examples.end());
  }
  return texts;
}

}  // namespace ktb
