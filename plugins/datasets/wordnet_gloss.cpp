#include <ATen/ops/tensor.h>

#include <algorithm>
#include <map>

#include "ktb/plugin.hpp"
#include "ktb/text/text_reader.hpp"
#include "ktb/text/wordnet.hpp"

namespace {
using namespace ktb;

/// Of verbs and nouns, without the two smallest files of nouns and the smaller ones of verbs.
const std::vector<std::string>& twenty_largest() {
  static const std::vector<std::string> names = {
      "noun.act",    "noun.animal",        "noun.artifact",      "noun.attribute",
      "noun.body",   "noun.cognition",     "noun.communication", "noun.food",
      "noun.group",  "noun.location",      "noun.object",        "noun.person",
      "noun.plant",  "noun.quantity",      "noun.state",         "noun.substance",
      "verb.change", "verb.communication", "verb.contact",       "verb.motion"};
  return names;
}

class WordnetGloss final : public Dataset {
 public:
  explicit WordnetGloss(Options& options)
      : wordnet_(options),
        reader_(options, "wordnet", 24, 8000),
        classes_(
            class_names(options.get("classes", "twenty",
                                    "the 20 largest lexicographer files of nouns and verbs, the 24 "
                                    "of nouns, or all 45",
                                    {"twenty", "nouns", "all"}))),
        per_class_(
            options.get("per_class", 600,
                        "definitions of a class to learn from, and a sixth of that to test; 0: all",
                        {.least = 0, .most = 1e6})) {}

  TaskSpec task(const DataFolder& folder) const override {
    TaskSpec spec;
    spec.name = "wordnet_gloss";
    spec.kind = "classification";
    spec.inputs = {reader_.tokens()};
    spec.classes = classes_;
    spec.outputs = static_cast<std::int64_t>(classes_.size());
    spec.labels = "wordnet_lexnames:" + std::to_string(classes_.size());
    spec.categorical = true;
    const auto synsets = wordnet_.synsets(folder);
    spec.train_size = static_cast<std::int64_t>(chosen(synsets, "train").size());
    spec.test_size = static_cast<std::int64_t>(chosen(synsets, "test").size());
    return spec;
  }

  std::vector<DataFile> files(const DataFolder&) const override {
    auto all = wordnet_.files();
    for (const auto& file : reader_.files()) all.push_back(file);
    return all;
  }

  std::string get() const override { return WordNet::get(); }
  std::vector<std::string> usual_places() const override { return WordNet::usual_places(); }

  Split load(const DataFolder& folder, const std::string& split) const override {
    const auto synsets = wordnet_.synsets(folder);
    const auto tokeniser =
        reader_.tokeniser(folder, [&] { return WordNet::training_texts(synsets); });
    std::vector<std::string> texts;
    std::vector<std::int64_t> labels;
    for (const auto* synset : chosen(synsets, split)) {
      texts.push_back(synset->definition);
      labels.push_back(label(*synset));
    }
    return {{{"tokens", reader_.read(*tokeniser, texts)}},
            {{"label", at::tensor(labels, at::kLong)}},
            {},
            {}};
  }

 private:
  static std::vector<std::string> class_names(const std::string& choice) {
    if (choice == "twenty") return twenty_largest();
    auto names = wordnet_lexnames();
    if (choice == "all") return names;
    std::erase_if(names, [](const std::string& name) {
      return !name.starts_with("noun.") || name == "noun.Tops" || name == "noun.motive";
    });
    return names;
  }

  /// -1: of none of the classes.
  std::int64_t label(const Synset& synset) const {
    const auto& name = wordnet_lexnames()[static_cast<std::size_t>(synset.lexname)];
    const auto found = std::find(classes_.begin(), classes_.end(), name);
    return found == classes_.end() ? -1 : found - classes_.begin();
  }

  /// The synsets of a split, at most so many of each class, in the random order.
  std::vector<const Synset*> chosen(const std::vector<Synset>& synsets,
                                    const std::string& split) const {
    std::vector<const Synset*> all;
    for (const auto& synset : synsets)
      if (synset.test == (split == "test") && label(synset) >= 0) all.push_back(&synset);
    std::sort(all.begin(), all.end(),
              [](const auto* a, const auto* b) { return a->rank < b->rank; });
    if (per_class_ == 0) return all;
    const auto most = split == "test" ? per_class_ / 6 : per_class_;
    std::map<std::int64_t, std::int64_t> taken;
    std::erase_if(all, [&](const auto* synset) { return ++taken[synset->lexname] > most; });
    return all;
  }

  WordNet wordnet_;
  TextReader reader_;
  std::vector<std::string> classes_;
  std::int64_t per_class_;
};

}  // namespace

KTB_DATASET(WordnetGloss, "definitions of WordNet 3.0, to be told apart by their kind of meaning",
            "Miller, WordNet, Communications of the ACM 38(11), 1995")
