#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <set>
#include <string_view>
#include <utility>

#include "core/score/metrics.hpp"
#include "core/score/stats.hpp"
#include "core/table/parts.hpp"

namespace ktb::core {
namespace {

/// 2369380 -> 2,369,380
std::string grouped(double value) {
  std::string digits = fmt::format("{:.0f}", value);
  for (auto at = std::ssize(digits) - 3; at > 0; at -= 3)
    digits.insert(static_cast<std::size_t>(at), ",");
  return digits;
}

/// Behind a row.
using Results = std::vector<const Result*>;

double seconds_of(const Result& result) { return result.cost.find("train_seconds").value_or(0); }

Entry unlike_machines() {
  Entry entry = figure("-");
  entry.notes.push_back("trials ran on unlike machines: seconds cannot be compared");
  return entry;
}

/// Seconds of training behind one trial of the row, with its share of the trials that tuned it.
Entry seconds_entry(const TableInput& input, const std::vector<Slot>& places,
                    const Results& results, bool mixed) {
  if (results.empty()) return {};
  if (mixed) return unlike_machines();
  double seconds = 0;
  for (const Result* result : results) seconds += seconds_of(*result);
  for (const std::string& trial : further_trials(input, places)) {
    if (const Result* result = input.outcomes.find(trial)) seconds += seconds_of(*result);
  }
  seconds /= static_cast<double>(results.size());
  return figure(fixed(seconds, 1), seconds, seconds, seconds);
}

/// The mean over those that have it.
Entry figure_entry(const Results& results, Figures<double> Result::*figures,
                   const std::string& name, double scale, int digits) {
  std::vector<double> values;
  for (const Result* result : results)
    if (const auto found = (result->*figures).find(name)) values.push_back(*found * scale);
  if (values.empty()) return {};
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  return figure(fixed(mean(values), digits), mean(values), *low, *high);
}

Entry parameters_entry(const Results& results, const std::string& name) {
  std::vector<double> counts;
  for (const Result* result : results)
    if (const auto found = result->parameters.find(name))
      counts.push_back(static_cast<double>(*found));
  if (counts.empty()) return {};
  const auto [low, high] = std::minmax_element(counts.begin(), counts.end());
  std::string text = grouped(*low);
  if (*high > *low) text += fmt::format("-{}", grouped(*high));
  return figure(text, mean(counts), *low, *high);
}

Entry mean_entry(const Row& row, const Table& table, const std::string& metric,
                 const TableSpec& spec) {
  Entry entry;
  std::map<std::uint64_t, std::vector<double>> values;
  std::size_t columns = 0;
  bool whole = true;
  for (std::size_t i = 0; i < row.entries.size(); ++i) {
    if (table.columns[i].kind != ColumnKind::kCells || table.columns[i].metric != metric) continue;
    ++columns;
    whole = whole && row.entries[i].state == State::kComplete;
    entry.wanted = std::max(entry.wanted, row.entries[i].wanted);
    for (const auto& [seed, value] : row.entries[i].values) values[seed].push_back(value);
  }
  for (const auto& [seed, all] : values) {
    whole = whole && all.size() == columns;
    entry.values[seed] = mean(all);
  }
  if (whole && columns > 0 && !values.empty()) {
    entry.state = State::kComplete;
    summarise(entry, metric, spec);
    return entry;
  }
  entry.values.clear();
  entry.state = State::kHole;
  entry.notes.push_back("a mean needs every column and seed");
  return entry;
}

Column column_of(ColumnKind kind, const std::string& metric, std::vector<std::string> heads,
                 std::size_t depth) {
  Column column;
  column.kind = kind;
  column.metric = metric;
  column.heads = std::move(heads);
  column.heads.insert(column.heads.begin(), depth - std::min(depth, column.heads.size()), "");
  return column;
}

constexpr std::string_view kShare = "share.";

/// The figures of hubs that say how often each member runs.
std::set<std::string> share_names(const std::vector<Results>& rows) {
  std::set<std::string> names;
  for (const Results& results : rows)
    for (const Result* result : results)
      for (const std::string& name : result->metrics.names())
        if (name.starts_with(kShare)) names.insert(name);
  return names;
}

bool machines_mixed(const std::vector<Results>& rows) {
  std::set<std::shared_ptr<const Making>> makings;  // few, of many trials
  for (const Results& results : rows)
    for (const Result* result : results) makings.insert(result->making);
  std::set<std::string> machines;
  for (const auto& making : makings) machines.insert(machine_of(making->provenance));
  return machines.size() > 1;
}

/// How many seeds have ended, over the row's columns.
Entry seeds_entry(const Row& row, const Table& table) {
  std::vector<double> counts;
  const std::string& metric = table.columns.front().metric;
  for (std::size_t i = 0; i < row.entries.size(); ++i) {
    const Column& column = table.columns[i];
    const bool counted = column.kind == ColumnKind::kCells && column.metric == metric;
    if (counted) counts.push_back(static_cast<double>(row.entries[i].values.size()));
  }
  if (counts.empty()) return figure("");
  const auto [low, high] = std::minmax_element(counts.begin(), counts.end());
  const std::string text =
      *low == *high ? fmt::format("{:g}", *low) : fmt::format("{:g}-{:g}", *low, *high);
  return figure(text, mean(counts), *low, *high);
}

/// What stands to the right of the cells.
struct Columns {
  const TableInput& input;
  const Grid& grid;
  Table& table;
  std::vector<Results> results;  ///< of each row

  Columns(const TableInput& input, const Grid& grid, Table& table)
      : input(input), grid(grid), table(table) {
    for (const auto& places : grid.places) results.push_back(results_of(input, places));
  }

  /// `entry_of(row)`
  template <class EntryOf>
  void append(ColumnKind kind, const std::string& metric, std::vector<std::string> heads,
              EntryOf&& entry_of) const {
    const std::size_t depth = grid.columns.empty() ? 1 : grid.columns.front().heads.size();
    for (std::size_t i = 0; i < grid.rows.size(); ++i) table.rows[i].entries.push_back(entry_of(i));
    table.columns.push_back(column_of(kind, metric, std::move(heads), depth));
  }

  /// A column of the mean of a figure.
  void append_mean(Figures<double> Result::*figures, const std::string& name,
                   const std::string& head, double scale, int digits) const {
    append(ColumnKind::kCost, name, {head},
           [&](std::size_t i) { return figure_entry(results[i], figures, name, scale, digits); });
  }

  void add_means() const {
    std::vector<std::string> metrics;
    for (const Column& column : grid.columns) {
      if (std::count(metrics.begin(), metrics.end(), column.metric) == 0)
        metrics.push_back(column.metric);
    }
    for (const std::string& metric : metrics) {
      std::vector<std::string> heads{"mean"};
      if (metrics.size() > 1) heads.push_back(metric_info(metric).label());
      append(ColumnKind::kMean, metric, heads,
             [&](std::size_t i) { return mean_entry(table.rows[i], table, metric, input.spec); });
    }
  }

  void add_seeds() const {
    append(ColumnKind::kSeeds, "", {"n"},
           [&](std::size_t i) { return seeds_entry(table.rows[i], table); });
  }

  void add_shares() const {
    for (const std::string& name : share_names(results))
      append_mean(&Result::metrics, name, fmt::format("share {} %", name.substr(kShare.size())),
                  100, 0);
  }

  void add_inference() const {
    append_mean(&Result::cost, "flops_per_example", "MFLOP", 1e-6, 2);
    const char* speed = "predictions_per_second";
    if (machines_mixed(results))
      append(ColumnKind::kCost, speed, {"per s"}, [](std::size_t) { return unlike_machines(); });
    else
      append_mean(&Result::cost, speed, "per s", 1, 0);
    table.legend.push_back(
        "MFLOP, per s: millions of multiplications and additions for a prediction, and predictions "
        "a second, on the test split");
  }

  void add_cost() const {
    const bool mixed = machines_mixed(results);
    append(ColumnKind::kCost, "train_seconds", {"train s"},
           [&](std::size_t i) { return seconds_entry(input, grid.places[i], results[i], mixed); });
    for (const char* part : {"deployed", "extra"})
      append(ColumnKind::kCost, part, {part},
             [&](std::size_t i) { return parameters_entry(results[i], part); });
    table.legend.push_back(
        "train s: seconds of training a trial, tuning included, sources not; deployed, extra: "
        "parameters kept, and needed in training only");
  }
};

}  // namespace

void add_columns(const TableInput& input, const Grid& grid, Table& table) {
  const Columns columns(input, grid, table);
  if (input.spec.mean) columns.add_means();
  if (input.wants("n")) columns.add_seeds();
  if (input.wants("shares")) columns.add_shares();
  if (input.wants("inference")) columns.add_inference();
  if (input.wants("cost")) columns.add_cost();
}

}  // namespace ktb::core
