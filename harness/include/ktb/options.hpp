#pragma once
#include <cstdint>
#include <limits>
#include <map>
#include <sstream>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "ktb/error.hpp"

namespace ktb {

using Value = std::variant<bool, std::int64_t, double, std::string, std::vector<std::int64_t>,
                           std::vector<double>, std::vector<std::string>>;

/// Inclusive limits of a number, or of each number of a list.
struct Range {
  double least = -std::numeric_limits<double>::infinity();
  double most = std::numeric_limits<double>::infinity();
};

/// What `ktbench plugin show` prints of one option.
struct OptionInfo {
  std::string name, help;
  Value fallback, value;
  Range range;
  std::vector<std::string> choices;
  bool file = false;  ///< its value names a file, whose content counts, not its name
};

/// What a file of weights says of the network that it holds, in the words of its library: the
/// numbers and texts of Hugging Face's config.json.
struct PublishedConfig {
  std::string origin;  ///< for messages: hf:google/bert_tiny
  std::map<std::string, Value> values;
};

/// What a suite gives to one plugin. An option is declared where it is read, in the plugin's
/// constructor, so help, default and code cannot drift apart:
///
///     temperature_(options.get("temperature", 4.0, "softens both distributions", {.least = 1e-3}))
///
/// The type of the default is the type of the option. After construction the harness refuses
/// options that nobody declared and names the nearest known one. All throw OptionError.
class KTB_API Options {
 public:
  Options() = default;
  explicit Options(std::map<std::string, Value> given);
  ~Options();

  double get(const std::string& name, double fallback, const std::string& help, Range = {});
  std::int64_t get(const std::string& name, std::int64_t fallback, const std::string& help,
                   Range = {});
  std::int64_t get(const std::string& name, int fallback, const std::string& help, Range = {});
  bool get(const std::string& name, bool fallback, const std::string& help);
  /// `choices` empty: any text.
  std::string get(const std::string& name, const char* fallback, const std::string& help,
                  std::vector<std::string> choices = {});
  std::vector<std::int64_t> get(const std::string& name, std::vector<std::int64_t> fallback,
                                const std::string& help, Range = {});
  std::vector<double> get(const std::string& name, std::vector<double> fallback,
                          const std::string& help, Range = {});
  std::vector<std::string> get(const std::string& name, std::vector<std::string> fallback,
                               const std::string& help);
  /// The path of a file, which a suite gives relative to itself; "" where it gives none. The key of
  /// a trial has the file's content.
  std::string file(const std::string& name, const std::string& help);

  /// How the options of a model are called in its library's configuration: option -> key. Called
  /// before they are read: a published value is the option's where the suite has none, and one that
  /// differs from the suite's throws OptionError.
  void published(const std::map<std::string, std::string>& keys);
  /// The harness's to give, before the model is made.
  void publish(PublishedConfig config) { config_ = std::move(config); }

  /// Adds values below those already given: an alias' presets.
  void preset(const std::map<std::string, Value>& values);
  const std::vector<OptionInfo>& declared() const { return declared_; }
  /// Throws OptionError where something was given that nobody declared.
  void reject_unknown() const;

 private:
  Value declare(OptionInfo info);

  std::map<std::string, Value> given_;
  std::vector<OptionInfo> declared_;
  PublishedConfig config_;
};

/// The entry of a table that an option's value chooses: a network's widths by its depth. Throws
/// OptionError with the known values.
template <class Key, class Entry>
const Entry& chosen(const std::map<Key, Entry>& table, const std::string& option, Key value) {
  const auto found = table.find(value);
  if (found != table.end()) return found->second;
  std::ostringstream text;
  text << "option `" << option << "` is " << value << "; known:";
  for (const auto& [key, entry] : table) text << (key == table.begin()->first ? " " : ", ") << key;
  throw OptionError(option, text.str());
}

}  // namespace ktb
