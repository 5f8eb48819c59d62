#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/json.hpp"
#include "core/base/reason.hpp"
#include "core/plan/trial.hpp"
#include "core/suite/table_spec.hpp"

namespace ktb::core {

/// One seed of a cell.
struct Sample {
  std::uint64_t seed = 0;
  std::string trial;  ///< id, the first candidate where values are tuned; empty in a hole
  std::vector<std::string> sources;  ///< trials behind its sources (shared between cells)
  std::vector<std::string> tuning;   ///< the other candidates: one of all is picked on validation
};

/// One entry of a table: everything but the seed.
struct Cell {
  /// grid, dataset, pair, source, target, method, labels, and option.NAME where an axis sets it.
  std::map<std::string, std::string> axes;
  std::vector<Sample> samples;
  Reason hole;                                ///< why it cannot be run; empty: it can
  std::map<std::string, std::string> origin;  ///< dotted setting -> `x.toml:12` or `default`
  /// Where values are picked on validation: what was tried, in the order `trial`, `tuning[0]`, ...
  std::vector<std::string> candidates;  ///< explore = 0.01, explore = 0.1, ...; else empty
};

/// A data set or plugin that the plan needs and this machine lacks.
struct Missing {
  std::string kind;     ///< dataset, model, method, weights, file
  std::string name;     ///< a data set as the suite calls it, a plugin, a file
  std::string message;  ///< several lines: wanted, looked, get
  std::size_t trials = 0;

  std::string what() const;  ///< the message's first line
};

enum class DataState { kFound, kGenerated, kMissing, kUnreadable };

/// What this machine has of a data set.
struct FoundData {
  std::string plugin;
  std::vector<std::string> places;  ///< that its files are from; none: the suite names their folder
  std::vector<std::string> wanted;  ///< its files, as the plugin calls them
  std::vector<std::string> notes;
  DataState state = DataState::kFound;
};

/// A `[[when]]` or `--set` rule and how many trials it touched.
struct Rule {
  std::string text;   ///< recipe.optimizer.lr = 0.01
  std::string place;  ///< line 30
  std::size_t trials = 0;
};

struct Plan {
  std::string suite, profile, file, title, question, device;
  std::string suite_digest;           ///< of the suite that it was made from; of old plans: none
  std::vector<std::string> narrowed;  ///< `--filter kd`, `--set seeds=2`
  std::string made;                   ///< when, 2024-05-01T12:00:00Z
  /// Why it is not that of the suite as it stands, `as planned on ... with --set recipe.epochs=1`;
  /// empty: it is. Not stored.
  std::string caveat;
  std::vector<Trial> trials;  ///< sources first: an order that can be run
  std::vector<Cell> cells;    ///< in the suite's order
  std::vector<TableSpec> tables;
  std::vector<Missing> missing;
  std::map<std::string, FoundData> data;  ///< by name in the suite; not kept in a stored plan
  std::vector<Rule> rules;
  std::vector<std::string> sources;   ///< what each source is, in a line
  std::vector<std::string> warnings;  ///< unequal tuning, small validation
  /// Axis -> its values in the order in which the suite names them: the order of rows and columns.
  std::map<std::string, std::vector<std::string>> order;
  std::map<std::string, std::string> labels;   ///< name -> label for display (`[method.N] label`)
  std::map<std::string, std::string> metrics;  ///< data set -> the metric that judges its task

  const Trial& trial(const std::string& id) const;  ///< throws Error
};

/// `results/plans/<suite>.<profile>.json`: enough for status and report, without the specs.
Json to_json(const Plan& plan);
Plan plan_from_json(const Json& json);

/// As core/base/bytes.hpp spells it.
std::string plan_bytes(const Plan& plan);
Plan plan_from_bytes(std::string_view bytes);
std::string plan_shape();

}  // namespace ktb::core
