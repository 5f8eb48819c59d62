#pragma once
#include <string>
#include <vector>

#include "core/suite/document.hpp"
#include "core/suite/suite.hpp"

namespace ktb::core {

/// A place where a suite names a model (a source or a hub too), a data set or a method.
struct Mention {
  std::string kind;  ///< model, dataset, method
  std::string name;
  std::string path;  ///< of the suite's text
  Document::At at = Document::At::kValue;
  bool use = true;  ///< false: in a rule or an exception, which only look for what is used
};

/// All of them, in the order of the grammar. Globs, `self` and `hub.*` as a whole are none.
std::vector<Mention> mentions(const Suite& suite);

/// The definitions of a kind, among which a name is looked for: of `model` also sources and hubs.
std::vector<std::string> defined_names(const Suite& suite, const std::string& kind);

/// Definitions that nothing uses, in any profile of a suite: trials of them were never meant, or a
/// name is misspelt.
class Unused {
 public:
  explicit Unused(const Suite& body);
  /// Keeps what this profile does not use either, and takes in what it alone defines.
  void keep_of(const Suite& profile);
  std::vector<std::string> paths() const { return paths_; }

 private:
  std::vector<std::string> paths_, used_;
};

}  // namespace ktb::core
