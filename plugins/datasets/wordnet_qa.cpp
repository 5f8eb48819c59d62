#include <algorithm>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <unordered_map>

#include "ktb/files/unicode.hpp"
#include "ktb/plugin.hpp"
#include "ktb/text/passages.hpp"
#include "ktb/text/wordnet.hpp"
#include "ktb/text/words.hpp"

namespace {
using namespace ktb;

using Phrase = std::vector<std::string>;  ///< words in lower case

Phrase phrase(const std::string& text) {
  Phrase words;
  for (auto& word : split_words(text)) words.push_back(std::move(word.text));
  return words;
}

/// What regular endings make of a word; some of it is no English, and then is found nowhere.
std::set<std::string> regular_forms(const std::string& word, char part) {
  static const std::map<char, std::vector<std::string>> kEndings = {
      {'n', {"s", "es"}},
      {'v', {"s", "es", "d", "ed", "ing"}},
      {'a', {"r", "er", "st", "est"}},
      {'r', {"er", "est"}}};
  std::set<std::string> forms = {word};
  const char last = word.back();
  const auto stem = word.substr(0, word.size() - 1);
  for (const auto& ending : kEndings.at(part)) {
    const bool vowel = ending[0] == 'e' || ending[0] == 'i';
    forms.insert(word + ending);
    if (vowel) forms.insert(word + last + ending);                           // stopped
    if (last == 'e' && ending == "ing") forms.insert(stem + ending);         // making
    if (last == 'y' && ending[0] == 'e') forms.insert(stem + "i" + ending);  // tried
  }
  return forms;
}

/// The words of a synset in all their forms.
class Forms {
 public:
  using Irregular = std::map<char, std::multimap<std::string, std::string>>;

  Forms(const Synset& synset, const Irregular& irregular) {
    const char part = synset.part();
    for (const auto& lemma : synset.lemmas) {
      auto words = phrase(lemma);
      if (words.empty()) continue;
      const std::size_t bends = part == 'v' ? 0 : words.size() - 1;  // said grace, sea lions
      auto forms = regular_forms(words[bends], part);
      const auto [first, last] = irregular.at(part).equal_range(words[bends]);
      for (auto form = first; form != last; ++form) forms.insert(form->second);
      for (const auto& form : forms) {
        words[bends] = form;
        all_.emplace(words[0], words);
      }
    }
  }

  /// The first place in a sentence where one stands, as positions of words;
  /// of several, the longest.
  std::optional<std::pair<std::size_t, std::size_t>> find(const std::vector<Word>& sentence) const {
    for (std::size_t at = 0; at < sentence.size(); ++at) {
      std::size_t longest = 0;
      const auto [first, last] = all_.equal_range(sentence[at].text);
      for (auto form = first; form != last; ++form)
        if (stands(form->second, sentence, at)) longest = std::max(longest, form->second.size());
      if (longest > 0) return std::pair(at, at + longest);
    }
    return {};
  }

 private:
  static bool stands(const Phrase& form, const std::vector<Word>& sentence, std::size_t at) {
    return at + form.size() <= sentence.size() &&
           std::equal(
               form.begin(), form.end(), sentence.begin() + static_cast<std::ptrdiff_t>(at),
               [](const std::string& word, const Word& found) { return word == found.text; });
  }

  std::unordered_multimap<std::string, Phrase> all_;  ///< by the first word
};

/// A sentence that shows how a synset's words are used.
struct Example {
  const Synset* synset;
  std::string text, id;
  std::vector<Word> words;
};

std::string sentence_of(const std::string& example) {
  return example + (std::string(".!?").find(example.back()) == std::string::npos ? "." : "");
}

class WordnetQa final : public Dataset {
 public:
  explicit WordnetQa(Options& options)
      : wordnet_(options),
        reader_(options, "wordnet", 96, 8000, 24, 16),
        sentences_(options.get("sentences", 5, "of a passage", {.least = 1, .most = 100})),
        same_class_(options.get("distractors", "any",
                                "the other sentences of a passage: of any class of meaning, or of "
                                "the same one, which is harder",
                                {"any", "same_class"}) == "same_class"),
        unanswerable_(options.get("unanswerable", 0.0,
                                  "share of questions whose sentence is left out of the passage",
                                  {.least = 0, .most = 1})) {}

  TaskSpec task(const DataFolder& folder) const override {
    auto spec = reader_.task();
    spec.name = "wordnet_qa";
    const auto synsets = wordnet_.synsets(folder);
    const auto tokeniser = tokeniser_of(folder, synsets);
    spec.train_size = reader_.count(questions(folder, synsets, false), *tokeniser);
    spec.test_size = reader_.count(questions(folder, synsets, true), *tokeniser);
    return spec;
  }

  std::vector<DataFile> files(const DataFolder&) const override {
    auto all = wordnet_.files();
    for (const auto& file : reader_.reader().files()) all.push_back(file);
    return all;
  }

  std::string get() const override { return WordNet::get(); }
  std::vector<std::string> usual_places() const override { return WordNet::usual_places(); }

  Split load(const DataFolder& folder, const std::string& split) const override {
    const auto synsets = wordnet_.synsets(folder);
    return reader_.read(questions(folder, synsets, split == "test"),
                        *tokeniser_of(folder, synsets));
  }

 private:
  std::unique_ptr<Tokeniser> tokeniser_of(const DataFolder& folder,
                                          const std::vector<Synset>& synsets) const {
    return reader_.reader().tokeniser(folder, [&] { return WordNet::training_texts(synsets); });
  }

  /// Sentences of at least four words.
  static std::vector<Example> examples(const std::vector<Synset>& synsets, bool test) {
    std::vector<Example> all;
    for (const auto& synset : synsets) {
      if (synset.test != test) continue;
      for (const auto& text : synset.examples) {
        auto words = split_words(text);
        const auto id = synset.id + "-" + std::to_string(&text - synset.examples.data());
        if (words.size() >= 4) all.push_back({&synset, text, id, std::move(words)});
      }
    }
    return all;
  }

  std::vector<Question> questions(const DataFolder& folder, const std::vector<Synset>& synsets,
                                  bool test) const {
    Forms::Irregular irregular;
    for (const char part : {'n', 'v', 'a', 'r'})
      irregular[part] = wordnet_.exceptions(folder, part);
    const auto all = examples(synsets, test);
    std::map<std::int64_t, std::vector<const Example*>> pools;
    for (const auto& example : all) pools[pool_of(example)].push_back(&example);
    std::vector<Question> made;
    std::mt19937 random(test ? 2 : 1);
    for (const auto& example : all) {
      const Forms forms(*example.synset, irregular);
      if (const auto answer = forms.find(example.words))
        made.push_back(question(example, *answer, forms, pools.at(pool_of(example)), random));
    }
    return made;
  }

  std::int64_t pool_of(const Example& example) const {
    return same_class_ ? example.synset->lexname : 0;
  }

  /// The answer is words [first, last) of the example's sentence.
  Question question(const Example& example, std::pair<std::size_t, std::size_t> answer,
                    const Forms& forms, const std::vector<const Example*>& pool,
                    std::mt19937& random) const {
    const bool left_out = random() < unanswerable_ * 0x1p32;
    auto shown = distractors(example, forms, pool, left_out ? sentences_ : sentences_ - 1, random);
    if (!left_out) {
      const auto place = random() % (shown.size() + 1);
      shown.insert(shown.begin() + static_cast<std::ptrdiff_t>(place), &example);
    }
    Question made{example.id, example.synset->definition, nullptr, {}};
    std::string passage;
    for (const auto* sentence : shown) {
      if (!passage.empty()) passage += ' ';
      if (sentence == &example) {
        const auto begin = example.words[answer.first].begin;
        const auto end = example.words[answer.second - 1].end;
        made.answers = {{cut_points(example.text, begin, end), count_points(passage) + begin}};
      }
      passage += sentence_of(sentence->text);
    }
    made.passage = std::make_shared<const std::string>(std::move(passage));
    return made;
  }

  /// So many sentences of other synsets in which no form stands; fewer, where the pool is small.
  static std::vector<const Example*> distractors(const Example& example, const Forms& forms,
                                                 const std::vector<const Example*>& pool,
                                                 std::int64_t count, std::mt19937& random) {
    std::vector<const Example*> chosen;
    for (std::int64_t left = 20 * count; left > 0 && std::ssize(chosen) < count; --left) {
      const auto* other = pool[random() % pool.size()];
      const bool again = std::find(chosen.begin(), chosen.end(), other) != chosen.end();
      if (!again && other->synset != example.synset && !forms.find(other->words))
        chosen.push_back(other);
    }
    return chosen;
  }

  WordNet wordnet_;
  PassageReader reader_;
  std::int64_t sentences_;
  bool same_class_;
  double unanswerable_;
};

}  // namespace

KTB_DATASET(WordnetQa, "questions on WordNet 3.0: which word of a passage has this definition",
            "Miller, WordNet, Communications of the ACM 38(11), 1995")
