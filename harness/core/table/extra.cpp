#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <set>
#include <sstream>
#include <string_view>
#include <utility>

#include "core/score/metrics.hpp"
#include "core/score/stats.hpp"
#include "core/table/parts.hpp"

namespace ktb::core {
namespace {

bool wants(const TableInput& input, const std::string& extra) {
  return std::count(input.spec.extra.begin(), input.spec.extra.end(), extra) > 0;
}

Entry figure(const std::string& text) {
  Entry entry;
  entry.state = State::kFixed;
  entry.value = text;
  return entry;
}

/// 2369380 -> 2,369,380
std::string grouped(double value) {
  std::string digits = fmt::format("{:.0f}", value);
  for (auto at = std::ssize(digits) - 3; at > 0; at -= 3)
    digits.insert(static_cast<std::size_t>(at), ",");
  return digits;
}

/// Records behind a row, the chosen ones of tuned and derived cells.
std::vector<const Record*> records_of(const TableInput& input, const std::vector<Slot>& places) {
  std::set<std::string> trials;
  for (const Slot& place : places) {
    const Cell* cell = chosen_cell(input, place);
    if (cell == nullptr) continue;
    for (const std::string& trial : chosen_trials(input, *cell)) trials.insert(trial);
  }
  std::vector<const Record*> records;
  for (const std::string& trial : trials) {
    const Record* record = input.outcomes.find(trial);
    if (record != nullptr && record->ok()) records.push_back(record);
  }
  return records;
}

/// All trials spent on picking a tuned option's value or the best of a derived row, past the chosen
/// ones.
std::set<std::string> further_trials(const TableInput& input, const std::vector<Slot>& places) {
  std::set<std::string> chosen, all;
  for (const Slot& place : places) {
    for (const Cell* cell : place.candidates) {
      for (const Sample& sample : cell->samples) {
        if (sample.tuning.empty()) continue;
        all.insert(sample.trial);
        all.insert(sample.tuning.begin(), sample.tuning.end());
      }
      for (const std::string& trial : chosen_trials(input, *cell)) chosen.insert(trial);
    }
  }
  for (const std::string& trial : chosen) all.erase(trial);
  return all;
}

std::string machine_of(const Record& record) {
  const auto text = [&](const char* name) {
    const auto found = record.provenance.find(name);
    return found == record.provenance.end() ? std::string() : found->dump();
  };
  const std::string device = text("device");
  return device == "\"cpu\"" ? device + text("cpu") + text("threads") : device;
}

double cost_of(const Record& record, const std::string& name) {
  const auto found = record.cost.find(name);
  return found == record.cost.end() ? 0 : found->second;
}

Entry unlike_machines() {
  Entry entry = figure("-");
  entry.notes.push_back("trials ran on unlike machines: seconds cannot be compared");
  return entry;
}

/// Seconds of training behind one trial of the row, with its share of the trials that tuned it.
Entry seconds_entry(const TableInput& input, const std::vector<Slot>& places, bool mixed) {
  const std::vector<const Record*> records = records_of(input, places);
  Entry entry;
  if (records.empty()) return entry;
  if (mixed) return unlike_machines();
  double seconds = 0;
  for (const Record* record : records) seconds += cost_of(*record, "train_seconds");
  for (const std::string& trial : further_trials(input, places)) {
    if (const Record* record = input.outcomes.find(trial))
      seconds += cost_of(*record, "train_seconds");
  }
  return figure(fixed(seconds / static_cast<double>(records.size()), 1));
}

/// The mean over the records behind a row, of those that have it.
Entry record_entry(const TableInput& input, const std::vector<Slot>& places,
                   std::map<std::string, double> Record::*figures, const std::string& name,
                   double scale, int digits) {
  std::vector<double> values;
  for (const Record* record : records_of(input, places)) {
    const auto found = (record->*figures).find(name);
    if (found != (record->*figures).end()) values.push_back(found->second * scale);
  }
  return values.empty() ? Entry() : figure(fixed(mean(values), digits));
}

Entry parameters_entry(const TableInput& input, const std::vector<Slot>& places,
                       const std::string& name) {
  std::set<std::int64_t> counts;
  for (const Record* record : records_of(input, places)) {
    const auto found = record->parameters.find(name);
    if (found != record->parameters.end()) counts.insert(found->second);
  }
  if (counts.empty()) return {};
  std::string text = grouped(static_cast<double>(*counts.begin()));
  if (counts.size() > 1) text += fmt::format("-{}", grouped(static_cast<double>(*counts.rbegin())));
  return figure(text);
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
std::set<std::string> share_names(const TableInput& input, const Grid& grid) {
  std::set<std::string> names;
  for (const auto& places : grid.places) {
    for (const Record* record : records_of(input, places)) {
      for (const auto& [name, value] : record->metrics)
        if (name.starts_with(kShare)) names.insert(name);
    }
  }
  return names;
}

bool machines_mixed(const TableInput& input, const Grid& grid) {
  std::set<std::string> machines;
  for (const auto& places : grid.places) {
    for (const Record* record : records_of(input, places)) machines.insert(machine_of(*record));
  }
  return machines.size() > 1;
}

std::string seeds_text(const Row& row, const Table& table) {
  std::set<std::size_t> counts;
  const std::string& metric = table.columns.front().metric;
  for (std::size_t i = 0; i < row.entries.size(); ++i) {
    const Column& column = table.columns[i];
    const bool counted = column.kind == ColumnKind::kCells && column.metric == metric;
    if (counted) counts.insert(row.entries[i].values.size());
  }
  if (counts.empty()) return "";
  return counts.size() == 1 ? fmt::format("{}", *counts.begin())
                            : fmt::format("{}-{}", *counts.begin(), *counts.rbegin());
}

Row extra_row(const TableInput& input, const Table& table, const std::string& label) {
  Row row;
  row.kind = RowKind::kExtra;
  row.labels.assign(std::max<std::size_t>(1, input.spec.rows.size()), "");
  row.labels.front() = label;
  row.entries.resize(table.columns.size());
  return row;
}

/// What tasks know to be had without learning, and the label of its row.
constexpr std::array<std::pair<const char*, const char*>, 3> kFloors{{
    {"chance", "chance"},
    {"majority", "majority"},
    {"rarest_word", "rarest word"},
}};

/// A row of one figure a column, the same for every method.
Row floor_row(const TableInput& input, const Grid& grid, const Table& table,
              const std::string& name, const std::string& label) {
  Row row = extra_row(input, table, label);
  for (std::size_t column = 0; column < grid.columns.size(); ++column) {
    std::set<std::string> texts;
    for (const auto& places : grid.places) {
      for (const Record* record : records_of(input, {places[column]})) {
        const std::string& metric = grid.columns[column].metric;
        const auto found = record->floor.find(name);
        if (metric != main_metric(*record) || found == record->floor.end()) continue;
        texts.insert(
            fixed(found->second * metric_info(metric).scale, digits_of(metric, input.spec)));
      }
    }
    if (texts.size() == 1) row.entries[column] = figure(*texts.begin());
  }
  return row;
}

bool is_empty(const Row& row) {
  return std::all_of(row.entries.begin(), row.entries.end(),
                     [](const Entry& entry) { return entry.state == State::kBlank; });
}

bool same_figures(const Row& a, const Row& b) {
  return std::equal(a.entries.begin(), a.entries.end(), b.entries.begin(), b.entries.end(),
                    [](const Entry& x, const Entry& y) { return x.value == y.value; });
}

/// The sources' own results: of the trials that trained them.
Entry source_entry(const TableInput& input, const Grid& grid, std::size_t column) {
  const std::string& metric = grid.columns[column].metric;
  std::map<std::string, double> values;
  std::set<std::string> metrics;
  std::size_t members = 0;
  bool elsewhere = false;
  for (const auto& places : grid.places) {
    const Cell* cell = places[column].derived ? nullptr : chosen_cell(input, places[column]);
    if (cell == nullptr) continue;
    for (const Sample& sample : cell->samples) {
      const auto sources = input.needs.find(sample.trial);
      if (sources == input.needs.end()) continue;
      members = std::max(members, sources->second.size());
      for (const std::string& trial : sources->second) {
        const Record* record = input.outcomes.find(trial);
        if (record == nullptr || !record->ok()) continue;
        const std::string own_metric =
            record->metrics.count(metric) > 0 ? metric : main_metric(*record);
        if (record->metrics.count(own_metric) == 0) continue;
        metrics.insert(own_metric);
        values[trial] = record->metrics.at(own_metric) * metric_info(own_metric).scale;
        const auto dataset = record->axes.find("dataset"), own = cell->axes.find("dataset");
        elsewhere = elsewhere || (dataset != record->axes.end() && own != cell->axes.end() &&
                                  dataset->second != own->second);
      }
    }
  }
  Entry entry;
  if (values.empty()) return entry;
  if (metrics.size() > 1) {
    std::set<std::string> labels;
    for (const auto& name : metrics) labels.insert(metric_info(name).label());
    entry = figure("-");
    entry.notes.push_back(
        fmt::format("no one figure for sources judged by {}", fmt::join(labels, ", ")));
    return entry;
  }
  const std::string& judged = *metrics.begin();
  std::size_t number = 0;
  for (const auto& [trial, value] : values) entry.values[number++] = value;
  summarise(entry, judged, input.spec);
  entry.state = State::kFixed;
  if (members > 1) entry.notes.push_back(fmt::format("mean of the {} members", members));
  if (elsewhere)
    entry.notes.push_back("on the source's own data" +
                          (judged == metric ? "" : ": " + metric_info(judged).label()));
  return entry;
}

/// `explore: 3 values`; empty where nothing was tuned.
std::string tuning_of(const std::vector<Slot>& places) {
  for (const Slot& place : places) {
    for (const Cell* cell : place.candidates) {
      if (cell->candidates.size() < 2) continue;
      std::set<std::string> options;
      std::istringstream settings(cell->candidates.front());
      for (std::string setting; std::getline(settings >> std::ws, setting, ',');) {
        options.insert(setting.substr(0, setting.find(" = ")));
      }
      return fmt::format("{}: {} values", fmt::join(options, ", "), cell->candidates.size());
    }
  }
  return "";
}

/// What stands to the right of the cells.
struct Columns {
  const TableInput& input;
  const Grid& grid;
  Table& table;

  /// `entry_of(row)`
  template <class EntryOf>
  void append(ColumnKind kind, const std::string& metric, std::vector<std::string> heads,
              EntryOf&& entry_of) const {
    const std::size_t depth = grid.columns.empty() ? 1 : grid.columns.front().heads.size();
    for (std::size_t i = 0; i < grid.rows.size(); ++i) table.rows[i].entries.push_back(entry_of(i));
    table.columns.push_back(column_of(kind, metric, std::move(heads), depth));
  }

  /// A column of the mean of a figure.
  void append_mean(std::map<std::string, double> Record::*figures, const std::string& name,
                   const std::string& head, double scale, int digits) const {
    append(ColumnKind::kCost, name, {head}, [&](std::size_t i) {
      return record_entry(input, grid.places[i], figures, name, scale, digits);
    });
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
           [&](std::size_t i) { return figure(seeds_text(table.rows[i], table)); });
  }

  void add_shares() const {
    for (const std::string& name : share_names(input, grid))
      append_mean(&Record::metrics, name, fmt::format("share {} %", name.substr(kShare.size())),
                  100, 0);
  }

  void add_inference() const {
    append_mean(&Record::cost, "flops_per_example", "MFLOP", 1e-6, 2);
    const char* speed = "predictions_per_second";
    if (machines_mixed(input, grid))
      append(ColumnKind::kCost, speed, {"per s"}, [](std::size_t) { return unlike_machines(); });
    else
      append_mean(&Record::cost, speed, "per s", 1, 0);
    table.legend.push_back(
        "MFLOP, per s: millions of multiplications and additions for a prediction, and predictions "
        "a second, on the test split");
  }

  void add_cost() const {
    const bool mixed = machines_mixed(input, grid);
    append(ColumnKind::kCost, "train_seconds", {"train s"},
           [&](std::size_t i) { return seconds_entry(input, grid.places[i], mixed); });
    for (const char* part : {"deployed", "extra"})
      append(ColumnKind::kCost, part, {part},
             [&](std::size_t i) { return parameters_entry(input, grid.places[i], part); });
    table.legend.push_back(
        "train s: seconds of training a trial, tuning included, sources not; deployed, extra: "
        "parameters kept, and needed in training only");
  }
};

}  // namespace

void hoist_notes(Row& row) {
  std::vector<std::string> common;
  for (const Entry& entry : row.entries) {
    if (entry.state == State::kBlank || entry.notes.empty()) continue;
    common = entry.notes;
    break;
  }
  for (const std::string& note : common) {
    const auto carries = [&](const Entry& entry) {
      const bool figure = entry.state == State::kFixed && entry.verdict.empty();
      return entry.state == State::kBlank || figure ||
             std::count(entry.notes.begin(), entry.notes.end(), note) > 0;
    };
    if (!std::all_of(row.entries.begin(), row.entries.end(), carries)) continue;
    row.notes.push_back(note);
    for (Entry& entry : row.entries) std::erase(entry.notes, note);
  }
}

void add_columns(const TableInput& input, const Grid& grid, Table& table) {
  const Columns columns{input, grid, table};
  if (input.spec.mean) columns.add_means();
  if (wants(input, "n")) columns.add_seeds();
  if (wants(input, "shares")) columns.add_shares();
  if (wants(input, "inference")) columns.add_inference();
  if (wants(input, "cost")) columns.add_cost();
}

void add_rows(const TableInput& input, const Grid& grid, Table& table) {
  std::vector<Row> rows;
  if (wants(input, "chance")) {
    for (const auto& [name, label] : kFloors) {
      const Row row = floor_row(input, grid, table, name, label);
      const bool repeats = !rows.empty() && same_figures(rows.front(), row);
      if (!is_empty(row) && !repeats) rows.push_back(row);
    }
  }
  const bool published = wants(input, "published") && input.published;
  bool judged = false;
  if (wants(input, "source")) {
    Row row = extra_row(input, table, "source");
    for (std::size_t i = 0; i < grid.columns.size(); ++i) {
      row.entries[i] = source_entry(input, grid, i);
    }
    if (!is_empty(row)) rows.push_back(row);
  }
  if (published && wants(input, "source")) {
    const Row row = published_source_row(input, grid, table);
    judged = judged || !is_empty(row);
    if (!is_empty(row)) rows.push_back(row);
  }
  for (std::size_t i = 0; i < table.rows.size(); ++i) {
    rows.push_back(table.rows[i]);
    if (!published) continue;
    const Row row = published_row(input, grid.places[i], table.rows[i], grid);
    judged = judged || !is_empty(row);
    if (!is_empty(row)) rows.push_back(row);
  }
  if (judged) {
    table.legend.push_back(
        "published: ours is within, above or below it by the 95 % interval of the difference; a "
        "spread that was not published counts as none");
  }
  table.rows = std::move(rows);
}

void note_rows(const TableInput& input, const Grid& grid, Table& table) {
  for (std::size_t i = 0; i < grid.rows.size(); ++i) {
    Row& row = table.rows[i];
    if (row.kind == RowKind::kDerived) hoist_notes(row);
    if (const std::string tuned = tuning_of(grid.places[i]); !tuned.empty()) {
      row.notes.push_back(fmt::format("{}, picked on validation, {} extra trials", tuned,
                                      further_trials(input, grid.places[i]).size()));
    }
    const std::vector<const Record*> records = records_of(input, grid.places[i]);
    const bool peeked = std::any_of(records.begin(), records.end(), [](const Record* record) {
      return record->selected.value("rule", "") == "best-test";
    });
    if (peeked)
      row.notes.push_back("the epoch was picked on the test split (best-test): optimistic");
  }
}

}  // namespace ktb::core
