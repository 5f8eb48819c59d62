#include "core/table/difference.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "core/score/metrics.hpp"
#include "core/table/parts.hpp"

namespace ktb::core {
namespace {

bool has_values(const Table& table) {
  return std::any_of(table.rows.begin(), table.rows.end(), [](const Row& row) {
    return std::any_of(row.entries.begin(), row.entries.end(),
                       [](const Entry& entry) { return entry.difference.has_value(); });
  });
}

std::string with_sign(double value, int digits) {
  const std::string text = fixed(value, digits);
  return value > 0 && text != fixed(0, digits) ? "+" + text : text;
}

int digits_shown(const std::string& text) {
  const auto point = text.find('.');
  return point == std::string::npos ? 0 : static_cast<int>(text.size() - point - 1);
}

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

/// Whether the whole interval lies on one side of 0: only then does the table say so.
std::string verdict_of(const Difference& difference, const std::string& metric) {
  const double sign = metric_info(metric).sign();
  if (std::min(sign * difference.low, sign * difference.high) > 0) return "helps";
  return std::max(sign * difference.low, sign * difference.high) < 0 ? "hurts" : "";
}

/// The row that others are measured by, shown as it is.
void show_values(Row& row) {
  for (Entry& entry : row.entries) {
    if (!entry.spread.empty()) entry.value += "±" + entry.spread;
    entry.spread.clear();
    entry.best = false;
  }
}

}  // namespace

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
      if (entry.steps != alone[i].steps)
        shown.notes.push_back(fmt::format("trained {} steps, {} {}", entry.steps,
                                          base->labels.back(), alone[i].steps));
      entry = std::move(shown);
    }
  }
  table.interval = true;
  table.caption.push_back("difference to " + base->labels.back() + " with its 95 % interval (t)");
  table.legend = {
      "helps, hurts: the whole interval of the paired difference lies on one side of 0; without a "
      "word these seeds cannot tell"};
}

Table difference_table(const Table& table) {
  Table result;
  result.name = table.name + "-difference";
  result.row_axes = table.row_axes;
  result.fit = table.fit;
  result.interval = true;
  if (!has_values(table)) return result;
  std::string baseline;
  for (const Row& row : table.rows) {
    if (row.baseline && row.kind != RowKind::kPublished) baseline = row.labels.back();
  }
  for (const Column& column : table.columns) {
    if (column.baseline) baseline = column.heads.front();
  }
  result.title = fmt::format("Difference to {}, paired by seed", baseline);
  result.caption = {"95 % interval (t)"};
  std::vector<std::size_t> kept;
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    const Column& column = table.columns[i];
    const bool compared = column.kind == ColumnKind::kCells || column.kind == ColumnKind::kMean;
    if (!compared || column.baseline) continue;
    kept.push_back(i);
    result.columns.push_back(column);
  }
  for (const Row& row : table.rows) {
    if (row.baseline || (row.kind != RowKind::kCells && row.kind != RowKind::kDerived)) continue;
    const bool compared = std::any_of(kept.begin(), kept.end(), [&](std::size_t i) {
      return row.entries[i].difference.has_value();
    });
    if (!compared) continue;
    Row& added = result.rows.emplace_back();
    added.labels = row.labels;
    added.axes = row.axes;
    for (const std::size_t i : kept) added.entries.push_back(difference_entry(row.entries[i]));
  }
  result.legend = accepted_notes(table);
  return result;
}

}  // namespace ktb::core
