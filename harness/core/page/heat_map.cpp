#include "core/page/heat_map.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

namespace ktb::core {
namespace {

constexpr double kStrengths = 5;

/// Lines from left to right, each as far from the last one's end as it says.
class Strokes {
 public:
  void add(double x, double y, double width) {
    d_ += d_.empty() ? fmt::format("M{} {}", pixels(x), pixels(y))
                     : fmt::format("m{} {}", pixels(x - x_), pixels(y - y_));
    d_ += "h" + pixels(width);
    x_ = x + width;
    y_ = y;
  }
  const std::string& d() const { return d_; }

 private:
  std::string d_;
  double x_ = 0, y_ = 0;
};

}  // namespace

void add_heat_map(Svg& svg, const HeatMap& map, const Look& look) {
  std::map<std::string, Strokes> strokes;
  for (std::size_t row = 0; row < map.rows; ++row)
    for (std::size_t from = 0, to = 0; from < map.columns; from = to) {
      const std::string own = look(row, from);
      for (to = from + 1; to < map.columns && look(row, to) == own;) ++to;
      if (own.empty()) continue;
      strokes[own].add(map.x + map.size * static_cast<double>(from),
                       map.y + map.size * (static_cast<double>(row) + 0.5),
                       map.size * static_cast<double>(to - from));
    }
  for (const auto& [own, lines] : strokes) svg.strokes(lines.d(), map.size, "heat " + own);
  svg.rectangle(map.x, map.y, map.width(), map.height(), "edge");
}

std::string heat(const std::string& series, double share) {
  const double strength = std::round(std::min(share, 1.) * kStrengths);
  return strength >= 1 ? fmt::format("{} o{:.0f}", series, strength) : "";
}

}  // namespace ktb::core
