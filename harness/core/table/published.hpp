#pragma once
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/plan/trial_spec.hpp"
#include "core/suite/suite.hpp"

namespace ktb::core {

/// One number of the literature.
struct PublishedValue {
  std::map<std::string, std::string> axes;  ///< globs that a cell's axes must match
  std::string metric;
  double value = 0;  ///< a fraction where metrics are fractions
  std::optional<double> sd;
  std::size_t n = 0;  ///< runs behind it; 0: not said
  std::map<std::string, std::string>
      protocol;  ///< dotted setting -> value, the file's own and the entry's
  std::string source;
};

/// Files `results/published/NAME.toml`: `source`, `[protocol]`, and numbers. A `[[value]]` is one,
/// with `metric`, `value`, `sd`, `n`, `source`, `protocol`; a `[[table]]` is many, with `rows` and
/// `cols` (axes), `columns`, `values.ROW = [...]` (nan: not published), `sd.ROW`, `protocols.ROW`.
/// Every other key is an axis.
struct Published {
  std::vector<PublishedValue> values;

  /// The first value that fits; null where there is none.
  const PublishedValue* find(const std::map<std::string, std::string>& axes,
                             const std::string& metric) const;
};

/// Throws Error that names file and line.
Published read_published(const std::filesystem::path& path);

/// `NAME.toml` in `results/published`, or in that of a `results` beside the suite or above it, as
/// results may lie elsewhere. Where none of them has it, the first.
std::filesystem::path published_file(const std::string& name, const std::filesystem::path& results,
                                     const std::string& suite);

/// Notes on published numbers that tables ask for and that are not there.
/// Throws SuiteError for a name that is like one that is there.
std::vector<std::string> check_published(const Suite& suite, const std::filesystem::path& results);

/// Settings of the protocol that a trial does not share: `epochs 240, here 2`. A setting is looked
/// for in the trial's recipe, its task, its method's options and from its root; null: nothing is
/// known of it.
std::vector<std::string> protocol_differences(const PublishedValue& published,
                                              const TrialSpec* trial);

enum class Verdict { kWithin, kAbove, kBelow, kNotComparable };
std::string to_string(Verdict verdict);

struct Judgement {
  Verdict verdict = Verdict::kNotComparable;
  std::vector<std::string> reasons;  ///< why the two cannot be compared
};

/// Where our values stand beside a published one: within means that the 95 % interval of the
/// difference includes 0 (Welch where both spreads are known, else with the spread that is). A
/// published spread over an unknown number of runs counts as that of one run.
Judgement judge(const std::vector<double>& ours, const PublishedValue& published,
                const TrialSpec* trial);

}  // namespace ktb::core
