#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "core/score/metrics.hpp"
#include "core/table/parts.hpp"

namespace ktb::core {
namespace {

/// A published number beside our values, given as fractions, and the trials that made them.
Entry beside(const TableInput& input, const PublishedValue& value, const std::vector<double>& ours,
             const std::vector<std::string>& trials, const std::string& metric) {
  const double scale = metric_info(metric).scale;
  const int digits = digits_of(metric, input.spec);
  Entry entry;
  entry.state = State::kFixed;
  entry.value = fixed(value.value * scale, digits);
  if (value.sd && !(input.spec.spread == "range")) entry.spread = fixed(*value.sd * scale, digits);
  Json spec;
  for (const std::string& trial : trials) {
    const auto found = input.outcomes.specs.find(trial);
    if (spec.is_null() && found != input.outcomes.specs.end()) spec = found->second;
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
      if (needs != input.needs.end()) trials.insert(needs->second.begin(), needs->second.end());
    }
    if (trials.empty()) continue;
    std::vector<double> own;
    for (const std::string& trial : trials) {
      const Record* record = input.outcomes.find(trial);
      if (record != nullptr && record->ok() && record->metrics.count(metric) > 0)
        own.push_back(record->metrics.at(metric));
    }
    return beside(input, *value, own, {trials.begin(), trials.end()}, metric);
  }
  return {};
}

}  // namespace

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
  Row row;
  row.kind = RowKind::kPublished;
  row.labels.assign(std::max<std::size_t>(1, input.spec.rows.size()), "");
  row.labels.front() = "source published";
  row.entries.resize(table.columns.size());
  for (std::size_t i = 0; i < grid.columns.size(); ++i) {
    row.entries[i] = published_source_entry(input, grid, i);
  }
  hoist_notes(row);
  return row;
}

}  // namespace ktb::core
