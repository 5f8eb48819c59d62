#include <algorithm>
#include <set>

#include "core/base/utf8.hpp"
#include "core/page/parts.hpp"

namespace ktb::core {
namespace {

constexpr std::size_t kColours = 7, kLabelWidth = 21;
constexpr double kLine = 13;

/// Of a row among those that a colour tells apart.
std::size_t number_of(const Table& table, std::size_t row) {
  std::size_t number = 0;
  for (const std::size_t other : method_rows(table))
    if (other < row && !table.rows[other].baseline) ++number;
  return number;
}

}  // namespace

std::vector<std::size_t> method_rows(const Table& table) {
  std::vector<std::size_t> rows;
  for (std::size_t i = 0; i < table.rows.size(); ++i)
    if (table.rows[i].is_method()) rows.push_back(i);
  return rows;
}

std::vector<std::size_t> panel_columns(const Table& table) {
  std::set<Axes> seen;
  std::vector<std::size_t> columns;
  for (std::size_t i = 0; i < table.columns.size(); ++i)
    if (table.columns[i].kind == ColumnKind::kCells && seen.insert(table.columns[i].axes).second)
      columns.push_back(i);
  return columns;
}

std::string look_of(const Table& table, std::size_t row) {
  if (table.rows[row].baseline) return "s0";
  return colour(number_of(table, row));
}

std::string colour(std::size_t number) { return "s" + std::to_string(1 + number % kColours); }

std::size_t shape_of(const Table& table, std::size_t row) {
  return table.rows[row].baseline ? 0 : 1 + number_of(table, row);
}

std::vector<const Record*> records_of(const PageInput& input, const Entry& entry) {
  std::vector<const Record*> records;
  for (const auto& [seed, trial] : entry.trials) {
    const Record* record = input.outcomes.record(trial);
    if (record != nullptr && record->ok()) records.push_back(record);
  }
  return records;
}

void add_side_labels(Svg& svg, std::vector<SideLabel> labels, double x, double top, double bottom) {
  std::stable_sort(labels.begin(), labels.end(),
                   [](const SideLabel& a, const SideLabel& b) { return a.y < b.y; });
  std::vector<double> at;
  for (const SideLabel& label : labels)
    at.push_back(std::max(label.y, at.empty() ? top : at.back() + kLine));
  double limit = bottom;
  for (std::size_t i = at.size(); i-- > 0; limit = at[i] - kLine) at[i] = std::min(at[i], limit);
  for (std::size_t i = 0; i < labels.size(); ++i) {
    svg.line(labels[i].x, labels[i].y, x - 3, at[i], "thread");
    svg.text(x, at[i] + 4, shortened(arrows(labels[i].words), kLabelWidth), labels[i].look);
  }
}

void add_frame(Svg& svg, const Scale& x, const Scale& y, std::string_view x_name,
               std::string_view y_name) {
  for (const Scale::Tick& tick : y.ticks(5)) {
    svg.line(x.from, y.at(tick.value), x.to, y.at(tick.value), "rule");
    svg.text(x.from - 6, y.at(tick.value) + 4, tick.text, "tick", Svg::Anchor::kEnd);
  }
  svg.line(x.from, y.from, x.to, y.from, "axis");
  for (const Scale::Tick& tick : x.ticks(5)) {
    svg.line(x.at(tick.value), y.from, x.at(tick.value), y.from + 4, "axis");
    svg.text(x.at(tick.value), y.from + 16, tick.text, "tick", Svg::Anchor::kMiddle);
  }
  svg.text(x.to, y.from + 31, x_name, "name", Svg::Anchor::kEnd);
  svg.text(x.from - 34, y.to - 9, y_name, "name");
}

}  // namespace ktb::core
