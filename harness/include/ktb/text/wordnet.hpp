#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "ktb/files.hpp"
#include "ktb/options.hpp"

namespace ktb {

/// A set of words of one meaning.
struct Synset {
  std::string id;                   ///< part of speech and place in its file: n1740
  std::int64_t lexname = 0;         ///< its lexicographer file, an index of wordnet_lexnames()
  std::vector<std::string> lemmas;  ///< with blanks between words: "take a breath"
  std::string definition;
  std::vector<std::string> examples;  ///< sentences
  bool test = false;                  ///< of the test split, with all synsets of its first lemma
  std::uint64_t rank = 0;             ///< a place in a random order, everywhere the same

  char part() const { return id[0]; }  ///< of speech: n, v, a, r
};

KTB_API const std::vector<std::string>& wordnet_lexnames();

/// WordNet 3.0 as Debian's wordnet-base has it, for the data sets made of it: one split and one
/// vocabulary. Declares the option `verify`.
class KTB_API WordNet {
 public:
  explicit WordNet(Options& options);

  std::vector<DataFile> files() const;
  static std::string get();
  static std::vector<std::string> usual_places();

  /// In the order of the files, without definitions and sentences that came before. Throws Error
  /// with file and line.
  std::vector<Synset> synsets(const DataFolder& folder) const;
  /// Irregular forms of the words of a part of speech, by lemma: `children` of `child`.
  std::multimap<std::string, std::string> exceptions(const DataFolder& folder, char part) const;
  /// Definitions and sentences of the training split: what a vocabulary is made of.
  static std::vector<std::string> training_texts(const std::vector<Synset>& synsets);

 private:
  DataFile file(const std::string& name, const char* digest) const;

  bool verify_;
};

}  // namespace ktb
