#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/page/parts.hpp"

namespace ktb::core {
namespace {

constexpr double kWidth = 132, kHeight = 15, kForestWidth = 220, kForestHeight = 26, kEdge = 6;

/// Beyond this many times the usual half width, an interval says only that it is wide: it is cut,
/// so that the others can be seen.
constexpr double kWide = 4;

double half_width(const Entry& entry) { return (entry.high - entry.low) / 2; }

double usual_half_width(const Table& table, std::size_t column) {
  std::vector<double> halves;
  for (const Row& row : table.rows)
    if (const double half = half_width(row.entries[column]); half > 0 && std::isfinite(half))
      halves.push_back(half);
  if (halves.empty()) return 0;
  std::sort(halves.begin(), halves.end());
  return halves[halves.size() / 2];
}

/// Whether it shows the same of other results.
bool like(const Column& a, const Column& b) {
  return a.kind == b.kind && a.axes == b.axes && a.metric == b.metric;
}

/// The end of an interval, with an arrow where it goes on.
void add_end(Svg& svg, const Scale& scale, double value, const std::string& look) {
  if (scale.holds(value)) return;
  const double x = scale.within(value), way = value < scale.low ? 1 : -1, y = kForestHeight / 2;
  Path arrow;
  arrow.to(x + way * 5, y - 3.5);
  arrow.to(x, y);
  arrow.to(x + way * 5, y + 3.5);
  svg.path(arrow.d(), "bar " + look);
}

}  // namespace

std::string seeds_strip(const Entry& entry, const Scale& scale) {
  std::string hint;
  for (const auto& [seed, value] : entry.values)
    hint += fmt::format("{}seed {}: {:.4g}", hint.empty() ? "" : ", ", seed, value);
  Svg svg(kWidth, kHeight, hint);
  const double y = kHeight / 2;
  if (entry.high > entry.low)
    svg.line(scale.within(entry.low), y, scale.within(entry.high), y, "bar");
  for (const auto& [seed, value] : entry.values)
    if (std::isfinite(value)) svg.dot(scale.at(value), y, 2.6, "seed");
  if (std::isfinite(entry.mean))
    svg.line(scale.at(entry.mean), 2, scale.at(entry.mean), 13, "mean");
  return svg.str("strip");
}

Scale seeds_scale(const Table& table, std::size_t column) {
  Extent extent;
  for (const Row& row : table.rows)
    for (std::size_t i = 0; i < row.entries.size(); ++i) {
      const Entry& entry = row.entries[i];
      if (!row.is_method() || entry.values.empty() ||
          !like(table.columns[i], table.columns[column]))
        continue;
      for (const auto& [seed, value] : entry.values) extent.add(value);
      extent.add(entry.low);
      extent.add(entry.high);
    }
  return extent.scale(kEdge, kWidth - kEdge, 0.02);
}

std::string interval_strip(const Entry& entry, const Scale& scale, double sign) {
  const bool known = std::isfinite(entry.low) && std::isfinite(entry.high);
  const int side = known ? side_of(entry.low, entry.high, sign) : 0;
  const std::string look = side > 0 ? "good" : side < 0 ? "bad" : "open";
  Svg svg(kForestWidth, kForestHeight,
          entry.value + (entry.spread.empty() ? "" : " " + entry.spread) +
              (side > 0   ? ", better than the baseline"
               : side < 0 ? ", worse than the baseline"
                          : ", not told from the baseline"));
  const double y = kForestHeight / 2;
  svg.line(scale.at(0), 0, scale.at(0), kForestHeight, "zero");
  if (known) {
    svg.line(scale.within(entry.low), y, scale.within(entry.high), y, "bar " + look);
    add_end(svg, scale, entry.low, look);
    add_end(svg, scale, entry.high, look);
  }
  if (scale.holds(entry.mean)) svg.mark(scale.at(entry.mean), y, side != 0 ? 1 : 0, look);
  return svg.str("forest");
}

Scale interval_scale(const Table& table, std::size_t column) {
  const double widest = kWide * usual_half_width(table, column);
  Extent extent;
  extent.add(0);
  for (const Row& row : table.rows) {
    const Entry& entry = row.entries[column];
    if (entry.value.empty() || !row.labels.size()) continue;
    extent.add(entry.mean);
    if (!std::isfinite(half_width(entry))) continue;
    extent.add(std::max(entry.low, entry.mean - widest));
    extent.add(std::min(entry.high, entry.mean + widest));
  }
  return extent.scale(kEdge, kForestWidth - kEdge, 0.04);
}

std::string strip_axis(const Scale& scale) {
  const double width = scale.to + kEdge;
  Svg svg(width, 20, "");
  svg.line(scale.from, 1, scale.to, 1, "axis");
  for (const Scale::Tick& tick : scale.ticks(width > kWidth ? 5 : 4)) {
    const double x = scale.at(tick.value);
    svg.line(x, 1, x, 4, "axis");
    svg.text(std::clamp(x, 8., width - 8), 15, tick.text, "tick", Svg::Anchor::kMiddle);
  }
  return svg.str("strip");
}

}  // namespace ktb::core
