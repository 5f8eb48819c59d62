#include "core/table/difference.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>

#include "core/score/metrics.hpp"
#include "core/table/parts.hpp"

namespace ktb::core {
namespace {

constexpr int kEffectDigits = 2;

Entry difference_entry(const Entry& entry) {
  Entry shown;
  if (!entry.difference) return shown;
  const int digits = digits_shown(entry.value);
  const Difference& difference = *entry.difference;
  shown.state = State::kFixed;
  shown.mean = difference.mean;
  shown.low = difference.low;
  shown.high = difference.high;
  shown.value = with_sign(difference.mean, digits);
  if (!std::isnan(difference.low)) {
    shown.spread =
        fmt::format("[{}, {}]", fixed(difference.low, digits), fixed(difference.high, digits));
  }
  shown.significant = entry.significant;
  return shown;
}

Entry effect_entry(const Entry& entry) {
  Entry shown;
  if (!entry.difference || !entry.difference->effect) return shown;
  const Effect& effect = *entry.difference->effect;
  if (std::isnan(effect.size)) return shown;
  shown.state = State::kFixed;
  shown.mean = effect.size;
  shown.low = effect.low;
  shown.high = effect.high;
  shown.value = with_sign(effect.size, kEffectDigits);
  if (!std::isnan(effect.low)) {
    shown.spread = fmt::format("[{}, {}]", fixed(effect.low, kEffectDigits),
                               fixed(effect.high, kEffectDigits));
  }
  return shown;
}

/// Whether the whole interval lies on one side of 0: only then does the table say so.
std::string verdict_of(const Difference& difference, const std::string& metric) {
  const int side = side_of(difference.low, difference.high, metric_info(metric).sign());
  return side > 0 ? "helps" : side < 0 ? "hurts" : "";
}

/// The row that others are measured by, shown as it is.
void show_values(Row& row) {
  for (Entry& entry : row.entries) {
    if (!entry.spread.empty()) entry.value += "±" + entry.spread;
    entry.spread.clear();
    entry.mark = Mark::kNone;
  }
}

/// What `shown` makes of the entries that were compared with the baseline, where there are any.
Table compared(const Table& table, const std::string& suffix, Entry (*shown)(const Entry&)) {
  Table result;
  result.suite = table.suite;
  result.profile = table.profile;
  result.name = table.name + suffix;
  result.base = table.name;
  result.beside = table.beside;
  result.row_axes = table.row_axes;
  result.fit = table.fit;
  result.interval = true;
  std::vector<std::size_t> kept;
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    const Column& column = table.columns[i];
    const bool compared = column.kind == ColumnKind::kCells || column.kind == ColumnKind::kMean;
    if (!compared || column.baseline) continue;
    kept.push_back(i);
    result.columns.push_back(column);
  }
  for (const Row& row : table.rows) {
    if (row.baseline || !row.is_method()) continue;
    Row made;
    made.labels = row.labels;
    made.axes = row.axes;
    for (const std::size_t i : kept) made.entries.push_back(shown(row.entries[i]));
    const bool any = std::any_of(made.entries.begin(), made.entries.end(),
                                 [](const Entry& entry) { return entry.state != State::kBlank; });
    if (any) result.rows.push_back(std::move(made));
  }
  return result;
}

}  // namespace

int digits_shown(const std::string& text) {
  const auto point = text.find('.');
  if (point == std::string::npos) return 0;
  const auto end = text.find_first_not_of("0123456789", point + 1);
  return static_cast<int>(std::min(end, text.size()) - point - 1);
}

std::string with_sign(double value, int digits) {
  const std::string text = fixed(value, digits);
  return value > 0 && text != fixed(0, digits) ? "+" + text : text;
}

std::string baseline_of(const Table& table) {
  std::string baseline;
  for (const Row& row : table.rows) {
    if (row.baseline && row.kind != RowKind::kPublished) baseline = row.labels.back();
  }
  for (const Column& column : table.columns) {
    if (column.baseline) baseline = column.heads.front();
  }
  return baseline;
}

void show_differences(Table& table) {
  const auto base = std::find_if(table.rows.begin(), table.rows.end(),
                                 [](const Row& row) { return row.baseline; });
  if (base == table.rows.end()) return;
  const std::vector<Entry> alone = base->entries;
  for (Row& row : table.rows) {
    if (row.baseline || row.kind == RowKind::kExtra) {
      show_values(row);
      continue;
    }
    for (std::size_t i = 0; i < row.entries.size(); ++i) {
      Entry& entry = row.entries[i];
      if (!entry.difference) continue;
      Entry shown = difference_entry(entry);
      shown.verdict = verdict_of(*entry.difference, table.columns[i].metric);
      shown.notes = entry.notes;
      shown.difference = entry.difference;
      shown.trials = entry.trials;
      if (entry.steps != alone[i].steps)
        shown.notes.push_back(fmt::format("trained {} steps, {} {}", entry.steps,
                                          base->labels.back(), alone[i].steps));
      entry = std::move(shown);
    }
  }
  table.interval = table.differences = true;
  const std::string shown = fmt::format("difference to {} with its 95 % interval ({})",
                                        base->labels.back(), table.interval_of);
  table.caption.push_back(shown);
  table.prose += " Below the first rows each entry is the " + shown + ".";
  table.legend = {
      "helps, hurts: the whole interval of the paired difference lies on one side of 0; without a "
      "word these seeds cannot tell"};
}

Table difference_table(const Table& table) {
  if (table.differences) return {};
  Table result = compared(table, "-difference", difference_entry);
  result.title = fmt::format("Difference to {}, paired by seed", baseline_of(table));
  result.caption = {fmt::format("95 % interval ({})", table.interval_of)};
  result.prose = fmt::format("Mean over the seeds that both have, with its 95 % interval ({}).",
                             table.interval_of);
  if (!result.rows.empty()) result.legend = accepted_notes(table);
  return result;
}

Table effect_table(const Table& table) {
  Table result = compared(table, "-effect", effect_entry);
  result.title = fmt::format("Effect size: difference to {}, paired by seed", baseline_of(table));
  result.caption = {"over its standard deviation (Cohen's d_z)", "95 % interval (noncentral t)"};
  result.prose =
      "Mean difference over its standard deviation (Cohen's d_z), with its 95 % interval "
      "(noncentral t).";
  return result;
}

}  // namespace ktb::core
