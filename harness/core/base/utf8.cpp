#include "core/base/utf8.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <sstream>
#include <utility>

namespace ktb::core {
namespace {

constexpr std::uint32_t kReplacement = 0xFFFD;

/// The next code point; a stray byte counts as one replacement character.
std::uint32_t next(std::string_view& text) {
  const auto first = static_cast<unsigned char>(text.front());
  const std::size_t length = first < 0x80   ? 1
                             : first < 0xC0 ? 0
                             : first < 0xE0 ? 2
                             : first < 0xF0 ? 3
                             : first < 0xF8 ? 4
                                            : 0;
  if (length == 0 || length > text.size()) {
    text.remove_prefix(1);
    return kReplacement;
  }
  std::uint32_t point = length == 1 ? first : first & (0x7FU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    point = (point << 6U) | (static_cast<unsigned char>(text[i]) & 0x3FU);
  }
  text.remove_prefix(length);
  return point;
}

using Range = std::pair<std::uint32_t, std::uint32_t>;
constexpr std::array kCombining{Range{0x300, 0x36F}, Range{0x1AB0, 0x1AFF}, Range{0x200B, 0x200F},
                                Range{0x20D0, 0x20FF}, Range{0xFE00, 0xFE0F}};
constexpr std::array kWide{Range{0x1100, 0x115F}, Range{0x2E80, 0xA4CF},   Range{0xAC00, 0xD7A3},
                           Range{0xF900, 0xFAFF}, Range{0xFE30, 0xFE6F},   Range{0xFF00, 0xFF60},
                           Range{0xFFE0, 0xFFE6}, Range{0x1F300, 0x1FAFF}, Range{0x20000, 0x3FFFD}};

template <std::size_t N>
bool within(const std::array<Range, N>& ranges, std::uint32_t point) {
  return std::any_of(ranges.begin(), ranges.end(), [&](const Range& range) {
    return range.first <= point && point <= range.second;
  });
}

std::size_t columns_of(std::uint32_t point) {
  return within(kCombining, point) ? 0 : within(kWide, point) ? 2 : 1;
}

}  // namespace

std::size_t display_width(std::string_view utf8) {
  std::size_t width = 0;
  while (!utf8.empty()) width += columns_of(next(utf8));
  return width;
}

std::string cut_columns(std::string_view utf8, std::size_t columns) {
  std::string_view rest = utf8;
  std::size_t fits = 0, width = 0;
  while (!rest.empty()) {
    width += columns_of(next(rest));
    if (width > columns) break;
    fits = utf8.size() - rest.size();
  }
  return std::string(utf8.substr(0, fits));
}

std::string pad_left(const std::string& text, std::size_t width) {
  const std::size_t own = display_width(text);
  return std::string(width - std::min(width, own), ' ') + text;
}

std::string pad_right(const std::string& text, std::size_t width) {
  const std::size_t own = display_width(text);
  return text + std::string(width - std::min(width, own), ' ');
}

std::string to_ascii(std::string_view utf8) {
  std::string ascii;
  while (!utf8.empty()) {
    const std::uint32_t point = next(utf8);
    switch (point) {
      case 0xB1:
        ascii += "+-";
        break;
      case 0x2026:
        ascii += "...";
        break;
      case 0xB7:
        ascii += ".";
        break;
      case 0x2192:
        ascii += "->";
        break;
      default:
        ascii += point < 0x80 ? static_cast<char>(point) : '?';
    }
  }
  return ascii;
}

std::string wrap(const std::vector<std::string>& pieces, const std::string& between,
                 std::size_t width) {
  std::string text, line;
  const auto end_line = [&] {
    if (!line.empty()) text += line + "\n";
    line.clear();
  };
  for (const std::string& piece : pieces) {
    const bool fits = display_width(line) + between.size() + display_width(piece) <= width;
    if (fits || line.empty()) {
      line += (line.empty() ? "" : between) + piece;
    } else {
      end_line();
      line = piece;
    }
    if (display_width(line) <= width) continue;
    std::istringstream words(std::exchange(line, ""));
    for (std::string word; words >> word;) {
      if (!line.empty() && display_width(line) + 1 + display_width(word) > width) end_line();
      line += (line.empty() ? "" : " ") + word;
    }
  }
  end_line();
  return text;
}

}  // namespace ktb::core
