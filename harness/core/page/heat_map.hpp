#pragma once
#include <cstddef>
#include <functional>
#include <string>

#include "core/page/svg.hpp"

namespace ktb::core {

/// Squares in rows and columns, `size` pixels wide each.
struct HeatMap {
  std::size_t rows = 0, columns = 0;
  double x = 0, y = 0, size = 1;  ///< of the upper left corner

  double width() const { return size * static_cast<double>(columns); }
  double height() const { return size * static_cast<double>(rows); }
};

/// Draws them. `look` of a place are the classes of its colour; where it is empty, none is drawn.
/// Squares of one look are one path, in which neighbours of a row are one line: a page holds many.
using Look = std::function<std::string(std::size_t row, std::size_t column)>;
void add_heat_map(Svg& svg, const HeatMap& map, const Look& look);

/// One of five strengths of the colour `series` for a share of 1; empty for next to none.
std::string heat(const std::string& series, double share);

}  // namespace ktb::core
