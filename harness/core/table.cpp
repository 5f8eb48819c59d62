#include "core/table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <set>
#include <utility>

#include "core/table_parts.hpp"

namespace ktb::core {
namespace {

/// The order in which a task's metrics are thought of first.
constexpr std::array kMainMetrics{"top1",   "map",  "exact_match", "vqa", "recall_at_1",
                                  "return", "rmse", "mae",         "loss"};

std::vector<std::string> metrics_of(const TableSpec& spec, const Outcomes& outcomes) {
  if (!spec.metrics.empty()) return spec.metrics;
  std::set<std::string> known;
  for (const auto& [id, record] : outcomes.records) {
    for (const auto& [metric, value] : record.metrics) known.insert(metric);
  }
  for (const char* metric : kMainMetrics) {
    if (known.count(metric) > 0) return {metric};
  }
  return {known.empty() ? kMainMetrics.front() : *known.begin()};
}

std::string letter(std::size_t number) {
  const std::string last(1, static_cast<char>('a' + number % 26));
  return number < 26 ? last : letter(number / 26 - 1) + last;
}

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

}  // namespace

std::string to_string(State state) {
  switch (state) {
    case State::kBlank:
      return "";
    case State::kFixed:
      return "fixed";
    case State::kComplete:
      return "complete";
    case State::kPartial:
      return "partial";
    case State::kRunning:
      return "running";
    case State::kPending:
      return "pending";
    case State::kFailed:
      return "failed";
    case State::kHole:
      break;
  }
  return "hole";
}

std::string fixed(double value, int digits) {
  if (std::isnan(value)) return "nan";
  const std::string text = fmt::format("{:.{}f}", value, digits);
  const bool zero = text.find_first_of("123456789") == std::string::npos && !std::isinf(value);
  return zero && text.front() == '-' ? text.substr(1) : text;
}

int digits_of(const std::string& metric, const TableSpec& spec) {
  return metric_info(metric).scale == 1 ? spec.digits + 2 : spec.digits;
}

std::string Table::letters(const std::vector<std::string>& notes) const {
  std::set<std::size_t> numbers;
  for (const std::string& note : notes) {
    const auto found = std::find(footnotes.begin(), footnotes.end(), note);
    if (found != footnotes.end())
      numbers.insert(static_cast<std::size_t>(found - footnotes.begin()));
  }
  std::string text;
  for (const std::size_t number : numbers) text += (text.empty() ? "" : ",") + letter(number);
  return text;
}

Table build_table(const Plan& plan, const TableSpec& spec, const Outcomes& outcomes,
                  const std::optional<Published>& published) {
  TableInput input{plan, spec, outcomes, published, metrics_of(spec, outcomes), {}};
  for (const Trial& trial : plan.trials) input.needs[trial.id] = trial.needs;
  Grid grid = make_grid(input);
  Table table;
  table.name = spec.name;
  table.title = !spec.title.empty() ? spec.title : !plan.title.empty() ? plan.title : spec.name;
  table.caption = make_caption(input, grid);
  table.row_axes = spec.rows;
  table.columns = grid.columns;
  table.rows = grid.rows;
  table.interval = spec.spread == "range";
  table.fit = spec.fit;
  for (std::size_t i = 0; i < grid.rows.size(); ++i) {
    for (std::size_t j = 0; j < grid.columns.size(); ++j) {
      table.rows[i].entries.push_back(make_entry(input, grid.places[i][j], grid.columns[j].metric));
    }
  }
  note_rows(input, grid, table);
  add_columns(input, grid, table);
  compare_entries(input, table);
  add_rows(input, grid, table);
  if (!spec.note.empty()) table.legend.push_back(spec.note);
  finish_notes(table);
  return table;
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
  return result;
}

}  // namespace ktb::core
