#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/page/parts.hpp"
#include "core/score/metrics.hpp"
#include "core/table/render/shown.hpp"

namespace ktb::core {
namespace {

constexpr double kLeft = 170, kCell = 62, kHeight = 28, kHead = 96;
constexpr int kShades = 4;

/// How much better than the baseline, as a share of the largest difference under the same metric;
/// below 0: worse.
double share_of(const Table& table, std::size_t row, std::size_t column) {
  const std::string& metric = table.columns[column].metric;
  double largest = 0;
  for (std::size_t i = 0; i < table.columns.size(); ++i)
    for (const Row& other : table.rows)
      if (const auto& difference = other.entries[i].difference;
          difference && table.columns[i].metric == metric && std::isfinite(difference->mean))
        largest = std::max(largest, std::abs(difference->mean));
  const double own = table.rows[row].entries[column].difference->mean;
  return largest > 0 && std::isfinite(own) ? metric_info(metric).sign() * own / largest : 0;
}

/// `up1` to `up4`, `down1` to `down4`, or `level`.
std::string shade(double share) {
  const int step = static_cast<int>(std::ceil(std::abs(share) * kShades - 1e-9));
  return step == 0 ? "level" : fmt::format("{}{}", share > 0 ? "up" : "down", step);
}

}  // namespace

std::string transfer_map(const Table& table) {
  std::vector<std::size_t> rows, columns;
  for (const std::size_t row : method_rows(table))
    if (!table.rows[row].baseline) rows.push_back(row);
  for (std::size_t i = 0; i < table.columns.size(); ++i)
    if (table.columns[i].kind == ColumnKind::kCells) columns.push_back(i);
  if (!table.differences || rows.empty() || columns.empty()) return "";
  const double right = kLeft + kCell * static_cast<double>(columns.size());
  Svg svg(right + 70, kHead + kHeight * static_cast<double>(rows.size()) + 2,
          "Map of what transfer is worth",
          "Rows and columns of the table; each place has its difference to the baseline");
  for (std::size_t j = 0; j < columns.size(); ++j)
    svg.text(kLeft + kCell * (static_cast<double>(j) + 0.5), kHead - 8,
             shortened(arrows(column_head(table.columns[columns[j]])), 22), "label",
             Svg::Anchor::kStart, -32);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const double y = kHead + kHeight * static_cast<double>(i);
    const Row& row = table.rows[rows[i]];
    svg.text(kLeft - 8, y + kHeight / 2 + 4, shortened(row_name(row), 25), "label",
             Svg::Anchor::kEnd);
    for (std::size_t j = 0; j < columns.size(); ++j) {
      const Entry& entry = row.entries[columns[j]];
      const double x = kLeft + kCell * static_cast<double>(j);
      const bool known = entry.difference.has_value();
      const std::string look = known ? shade(share_of(table, rows[i], columns[j])) : "none";
      svg.rectangle(x + 1, y + 1, kCell - 2, kHeight - 2,
                    "place " + look + (entry.verdict.empty() ? "" : " sure"),
                    entry.verdict.empty() ? "cannot be told" : entry.verdict);
      svg.text(x + kCell / 2, y + kHeight / 2 + 4, known ? entry.value : "-", look + " on",
               Svg::Anchor::kMiddle);
    }
  }
  return figure_of(
      svg.str(),
      "Blue helps, orange hurts, the darker the more beside others of its metric. A frame: the "
      "whole 95 % interval lies on that side of 0; without one these seeds cannot tell.",
      true);
}

}  // namespace ktb::core
