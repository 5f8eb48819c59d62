#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <set>
#include <utility>

#include "core/score/metrics.hpp"
#include "core/suite/control.hpp"
#include "core/table/parts.hpp"

namespace ktb::core {
namespace {

Row extra_row(const TableInput& input, const Table& table, const std::string& label) {
  Row row;
  row.kind = RowKind::kExtra;
  row.labels.assign(std::max<std::size_t>(1, input.spec.rows.size()), "");
  row.labels.front() = label;
  row.entries.resize(table.columns.size());
  return row;
}

/// A published number beside our values, given as fractions, and the trials that made them.
Entry beside(const TableInput& input, const PublishedValue& value, const std::vector<double>& ours,
             const Trials& trials, const std::string& metric) {
  const double scale = metric_info(metric).scale;
  const int digits = digits_of(metric, input.spec);
  Entry entry;
  entry.state = State::kFixed;
  entry.value = fixed(value.value * scale, digits);
  if (value.sd && !(input.spec.spread == "range")) entry.spread = fixed(*value.sd * scale, digits);
  const TrialSpec* spec = nullptr;
  for (const std::string& trial : trials) {
    const auto found = input.outcomes.specs.find(trial);
    if (spec == nullptr && found != input.outcomes.specs.end()) spec = &found->second;
  }
  const Judgement judgement = judge(ours, value, spec);
  entry.verdict = to_string(judgement.verdict);
  if (!judgement.reasons.empty())
    entry.notes.push_back(fmt::format("not comparable: {}", fmt::join(judgement.reasons, "; ")));
  if (!value.source.empty()) entry.notes.push_back("published: " + value.source);
  return entry;
}

Entry published_entry(const TableInput& input, const Slot& place, const Entry& ours,
                      const std::string& metric) {
  const Cell* cell = place.derived ? nullptr : chosen_cell(input, place);
  const PublishedValue* value =
      cell == nullptr ? nullptr : input.published->find(cell->axes, metric);
  if (value == nullptr) return {};
  std::vector<double> own;
  for (const auto& [seed, shown] : ours.values) own.push_back(shown / metric_info(metric).scale);
  return beside(input, *value, own, chosen_trials(input, *cell), metric);
}

/// The source's own number: published as that model's `scratch`.
Entry published_source_entry(const TableInput& input, const Grid& grid, std::size_t column) {
  const std::string& metric = grid.columns[column].metric;
  for (const auto& places : grid.places) {
    const Cell* cell = places[column].derived ? nullptr : chosen_cell(input, places[column]);
    if (cell == nullptr || cell->axes.count("source") == 0) continue;
    Axes axes = cell->axes;
    axes["method"] = "scratch";
    axes["target"] = axes["source"];
    axes.erase("pair");
    axes.erase("source");
    const PublishedValue* value = input.published->find(axes, metric);
    if (value == nullptr) continue;
    std::set<std::string> trials;
    for (const Sample& sample : cell->samples) {
      const auto needs = input.needs.find(sample.trial);
      if (needs != input.needs.end()) trials.insert(needs->second->begin(), needs->second->end());
    }
    if (trials.empty()) continue;
    std::vector<double> own;
    for (const std::string& trial : trials) {
      const Result* result = input.outcomes.find(trial);
      if (result == nullptr || !result->ok()) continue;
      if (const auto found = result->metrics.find(metric)) own.push_back(*found);
    }
    return beside(input, *value, own, {trials.begin(), trials.end()}, metric);
  }
  return {};
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
      for (const Result* result : results_of(input, {places[column]})) {
        const std::string& metric = grid.columns[column].metric;
        const auto found = result->floor.find(name);
        if (metric != main_metric(*result) || !found) continue;
        texts.insert(fixed(*found * metric_info(metric).scale, digits_of(metric, input.spec)));
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

bool is_control(const Cell& cell) {
  const auto method = cell.axes.find("method");
  return method != cell.axes.end() && method_name(method->second).control != Control::kNone;
}

/// The sources' own results: of the trials that trained them, those of controls aside.
Entry source_entry(const TableInput& input, const Grid& grid, std::size_t column) {
  const std::string& metric = grid.columns[column].metric;
  std::map<std::string, double> values;
  std::set<std::string> metrics, warnings;
  std::size_t members = 0;
  bool elsewhere = false;
  for (const auto& places : grid.places) {
    const Cell* cell = places[column].derived ? nullptr : chosen_cell(input, places[column]);
    if (cell == nullptr || is_control(*cell)) continue;
    for (const Sample& sample : cell->samples) {
      const auto sources = input.needs.find(sample.trial);
      if (sources == input.needs.end()) continue;
      members = std::max(members, sources->second->size());
      for (const std::string& trial : *sources->second) {
        const Result* result = input.outcomes.find(trial);
        if (result == nullptr || !result->ok()) continue;
        const std::string own_metric = result->metrics.find(metric) ? metric : main_metric(*result);
        const auto found = result->metrics.find(own_metric);
        if (!found) continue;
        metrics.insert(own_metric);
        values[trial] = *found * metric_info(own_metric).scale;
        warnings.insert(result->warnings.begin(), result->warnings.end());
        const auto& dataset = result->making->dataset;
        const auto own = cell->axes.find("dataset");
        elsewhere = elsewhere || (dataset && own != cell->axes.end() && *dataset != own->second);
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
  entry.notes.insert(entry.notes.end(), warnings.begin(), warnings.end());
  std::set<std::string> accepted;
  for (const auto& [trial, value] : values) accepted.insert(accepted_note(input, trial));
  accepted.erase("");
  entry.notes.insert(entry.notes.end(), accepted.begin(), accepted.end());
  return entry;
}

Row published_row(const TableInput& input, const std::vector<Slot>& places, const Row& ours,
                  const Grid& grid) {
  Row row;
  row.kind = RowKind::kPublished;
  row.labels = ours.labels;
  if (!row.labels.empty()) row.labels.back() += " published";
  row.entries.resize(ours.entries.size());
  for (std::size_t i = 0; i < places.size(); ++i) {
    row.entries[i] = published_entry(input, places[i], ours.entries[i], grid.columns[i].metric);
  }
  hoist_notes(row);
  return row;
}

Row published_source_row(const TableInput& input, const Grid& grid, const Table& table) {
  Row row = extra_row(input, table, "source published");
  row.kind = RowKind::kPublished;
  for (std::size_t i = 0; i < grid.columns.size(); ++i) {
    row.entries[i] = published_source_entry(input, grid, i);
  }
  hoist_notes(row);
  return row;
}

Row source_row(const TableInput& input, const Grid& grid, const Table& table) {
  Row row = extra_row(input, table, "source");
  for (std::size_t i = 0; i < grid.columns.size(); ++i) {
    row.entries[i] = source_entry(input, grid, i);
  }
  return row;
}

}  // namespace

void add_rows(const TableInput& input, const Grid& grid, Table& table) {
  std::vector<Row> rows;
  const auto add = [&rows](const Row& row) {
    if (is_empty(row)) return false;
    rows.push_back(row);
    return true;
  };
  if (input.wants("chance")) {
    for (const auto& [name, label] : kFloors) {
      const Row row = floor_row(input, grid, table, name, label);
      if (rows.empty() || !same_figures(rows.front(), row)) add(row);
    }
  }
  const bool published = input.wants("published") && input.published;
  bool judged = false;
  if (input.wants("source")) {
    add(source_row(input, grid, table));
    if (published) judged |= add(published_source_row(input, grid, table));
  }
  for (std::size_t i = 0; i < table.rows.size(); ++i) {
    rows.push_back(table.rows[i]);
    if (published) judged |= add(published_row(input, grid.places[i], table.rows[i], grid));
  }
  if (judged) {
    table.legend.push_back(
        "published: ours is within, above or below it by the 95 % interval of the difference; a "
        "spread that was not published counts as none");
  }
  table.rows = std::move(rows);
}

}  // namespace ktb::core
