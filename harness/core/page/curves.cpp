#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>

#include "core/page/parts.hpp"
#include "core/score/metrics.hpp"
#include "core/table/render/shown.hpp"

namespace ktb::core {
namespace {

constexpr double kWidth = 480, kLeft = 44, kRight = 340, kTop = 20, kPlot = 200, kRow = 13;
constexpr std::size_t kPoints = 48;

/// What is drawn over the steps: a figure of a line of curve.jsonl.
struct Figure {
  std::string group, name;  ///< group empty: from the line's root
  std::string words;
  double scale = 1;

  std::optional<double> of(const Json& line) const {
    const Json* place = &line;
    for (const std::string& key : {group, name}) {
      if (key.empty()) continue;
      const auto found = place->find(key);
      if (found == place->end()) return std::nullopt;
      place = &*found;
    }
    if (!place->is_number()) return std::nullopt;
    return place->get<double>() * scale;
  }
};

/// Of seeds that took the same steps: mean, lowest and highest.
struct Point {
  double step = 0, mean = 0, low = 0, high = 0;
};
using Line = std::vector<Point>;

/// The steps that every seed has, at most so many as one can see.
Line line_of(const PageInput& input, const Entry& entry, const Figure& figure) {
  std::map<double, std::vector<double>> values;
  std::size_t seeds = 0;
  for (const auto& [seed, trial] : entry.trials) {
    const auto curve = input.curves.find(trial);
    if (curve == input.curves.end() || curve->second.empty()) continue;
    ++seeds;
    for (const Json& step : curve->second) {
      const auto value = figure.of(step);
      const auto at = Figure{"", "step", "", 1}.of(step);
      if (value && at) values[*at].push_back(*value);
    }
  }
  Line whole, line;
  for (const auto& [step, all] : values) {
    if (all.size() != seeds) continue;
    double sum = 0;
    for (const double value : all) sum += value;
    const auto [low, high] = std::minmax_element(all.begin(), all.end());
    whole.push_back({step, sum / static_cast<double>(seeds), *low, *high});
  }
  const std::size_t count = std::min(kPoints, whole.size());
  for (std::size_t i = 0; i < count; ++i)
    line.push_back(whole[count < 2 ? 0 : i * (whole.size() - 1) / (count - 1)]);
  return line;
}

struct Panel {
  Figure figure;
  std::vector<std::pair<std::size_t, Line>> lines;  ///< row and its line
};

/// The table's metric where trials were validated along the way, else what they learned by.
Panel panel_of(const PageInput& input, const Table& table, std::size_t column) {
  const std::string& metric = table.columns[column].metric;
  const MetricInfo info = metric_info(metric);
  Panel panel;
  for (const Figure& figure :
       {Figure{"validation", metric, info.label() + ", validation", info.scale},
        Figure{"terms", "task", "task's term of the loss, as weighted", 1},
        Figure{"", "loss", "loss in training", 1}}) {
    panel = {figure, {}};
    for (const std::size_t row : method_rows(table)) {
      Line line = line_of(input, table.rows[row].entries[column], figure);
      if (line.size() > 1) panel.lines.emplace_back(row, std::move(line));
    }
    if (!panel.lines.empty()) break;
  }
  return panel;
}

void add_line(Svg& svg, const Line& line, const Scale& x, const Scale& y, const std::string& look) {
  Path middle, band;
  for (const Point& point : line) {
    middle.to(x.at(point.step), y.at(point.mean));
    band.to(x.at(point.step), y.at(point.high));
  }
  for (auto point = line.rbegin(); point != line.rend(); ++point)
    band.to(x.at(point->step), y.at(point->low));
  const bool spread = std::any_of(line.begin(), line.end(),
                                  [](const Point& point) { return point.high > point.low; });
  if (spread) svg.path(band.closed(), "band " + look);
  svg.path(middle.d(), "line " + look);
}

std::string drawn(const Table& table, std::size_t column, const Panel& panel) {
  Extent steps, values;
  for (const auto& [row, line] : panel.lines)
    for (const Point& point : line) {
      steps.add(point.step);
      values.add(point.low);
      values.add(point.high);
    }
  const double bottom =
      kTop + std::max(kPlot, kRow * static_cast<double>(panel.lines.size() - 1) + 6);
  const Scale x = steps.scale(kLeft, kRight, 0.01), y = values.scale(bottom, kTop);
  const std::string head = arrows(column_head(table.columns[column]));
  Svg svg(kWidth, bottom + 38, fmt::format("Learning curves: {}", head),
          fmt::format("{} over steps, a line a row of the table", panel.figure.words));
  add_frame(svg, x, y, "steps", panel.figure.words);
  std::vector<SideLabel> labels;
  for (const auto& [row, line] : panel.lines) {
    const std::string look = look_of(table, row);
    add_line(svg, line, x, y, look);
    labels.push_back({x.at(line.back().step), y.at(line.back().mean), row_name(table.rows[row]),
                      "label " + look});
  }
  add_side_labels(svg, labels, kRight + 14, kTop, bottom);
  return figure_of(svg.str(), head);
}

}  // namespace

std::string curve_charts(const PageInput& input, const Table& table) {
  std::string charts;
  for (const std::size_t column : panel_columns(table)) {
    const Panel panel = panel_of(input, table, column);
    if (!panel.lines.empty()) charts += drawn(table, column, panel);
  }
  return charts;
}

}  // namespace ktb::core
