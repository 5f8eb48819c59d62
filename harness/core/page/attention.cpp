#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/page/heat_map.hpp"
#include "core/page/parts.hpp"
#include "core/page/scale.hpp"

namespace ktb::core {
namespace {

constexpr double kSide = 128;
constexpr std::size_t kSquares = 20'000;  ///< on a whole page, so that it stays small

std::string drawn(const Picture& picture, std::size_t most) {
  const auto values = coarse(picture.values, most);
  Extent extent;
  for (const auto& row : values)
    for (const double value : row) extent.add(value);
  if (extent.empty()) return "";
  const double low = extent.low(), range = extent.high() - extent.low();
  HeatMap map{values.size(), values.front().size(), 1, 1, 1};
  map.size = std::floor(kSide / static_cast<double>(std::max(map.rows, map.columns)));
  Svg svg(map.width() + 2, map.height() + 2, picture.name);
  add_heat_map(svg, map, [&](std::size_t row, std::size_t column) {
    return heat("s1", range > 0 ? (values[row][column] - low) / range : 0);
  });
  return figure_of(svg.str("map"),
                   fmt::format("{}: {} × {}, from {:.3g} to {:.3g}", shortened(picture.name, 40),
                               picture.rows, picture.columns, low, extent.high()));
}

/// Of the first seed that kept any.
struct Kept {
  std::uint64_t seed = 0;
  const Pictures* pictures = nullptr;
};

Kept kept_by(const PageInput& input, const Entry& entry) {
  for (const auto& [seed, trial] : entry.trials) {
    const auto found = input.pictures.find(trial);
    if (found != input.pictures.end() && !found->second.all.empty()) return {seed, &found->second};
  }
  return {};
}

}  // namespace

std::size_t maps_in(const PageInput& input, const Entry& entry) {
  const Kept kept = kept_by(input, entry);
  return kept.pictures == nullptr ? 0 : kept.pictures->all.size();
}

std::string attention_maps(const PageInput& input, const Entry& entry, std::size_t on_page) {
  const Kept kept = kept_by(input, entry);
  if (kept.pictures == nullptr) return "";
  const auto most =
      static_cast<std::size_t>(std::sqrt(kSquares / std::max(on_page, std::size_t{1})));
  std::string drawings;
  for (const Picture& picture : kept.pictures->all) drawings += drawn(picture, most);
  const std::string more =
      kept.pictures->more > 0 ? fmt::format(", and {} more", kept.pictures->more) : "";
  return fmt::format(
      "<p>What the method kept of its attention, seed {}{}: the stronger the colour, the "
      "larger.</p>\n<div "
      "class=\"maps\">\n{}</div>\n",
      kept.seed, more, drawings);
}

}  // namespace ktb::core
