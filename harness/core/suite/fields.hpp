#pragma once
#include <string>
#include <vector>

#include "core/suite/document.hpp"

namespace ktb::core {

/// Reads one table of a suite with the types that the grammar wants; every fault names its place.
class Fields {
 public:
  Fields(const Document& document, std::string path)
      : document_(document), path_(std::move(path)) {}

  bool has(const std::string& key) const;
  const Json& at(const std::string& key) const;
  std::string path(const std::string& key) const { return join_path(path_, key); }
  std::vector<std::string> keys() const { return document_.keys(path_); }

  std::string text(const std::string& key, const std::string& missing = "") const;
  bool flag(const std::string& key, bool missing) const;
  double number(const std::string& key, double missing, double least) const;
  std::int64_t count(const std::string& key, std::int64_t missing, std::int64_t least) const;
  /// One text or a list of them.
  std::vector<std::string> texts(const std::string& key) const;
  /// Likewise, each one of `known`: `flipp` is no NOUN (did you mean `flip`?).
  std::vector<std::string> words(const std::string& key, const std::string& noun,
                                 const std::vector<std::string>& known) const;
  /// Texts or numbers, one or a list, as an axis shows them.
  std::vector<std::string> patterns(const std::string& key) const;
  std::vector<double> numbers(const std::string& key, double above) const;
  /// A count (0, 1, ...) or a list of seeds.
  std::vector<std::uint64_t> seeds(const std::string& key) const;
  /// One of `known`.
  std::string word(const std::string& key, const std::string& missing,
                   const std::vector<std::string>& known) const;

  /// Throws unless the value is a table.
  void expect_table(const std::string& key, const std::string& example) const;
  /// Throws where a key is none of `known`.
  void only(const std::vector<std::string>& known) const;
  /// Throws where a top-level key stands here: TOML puts lines under the last header.
  void no_stray() const;
  [[noreturn]] void unknown(const std::string& key, const std::vector<std::string>& known) const;
  [[noreturn]] void wrong(const std::string& key, const std::string& wants) const;

 private:
  std::string header() const;
  [[noreturn]] void stray(const std::string& key) const;

  const Document& document_;
  std::string path_;
};

/// How to write what was meant: a number in quotes without them, a text without quotes in them.
/// `wants` is what a message says is wanted there. Empty: nothing of that kind is wrong.
std::string respelled(const Json& value, const std::string& wants);

/// The keys that stand before the first header.
const std::vector<std::string>& top_level_keys();

}  // namespace ktb::core
