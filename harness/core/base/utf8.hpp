#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace ktb::core {

/// Columns that a terminal gives the text: 0 for combining marks,
/// 2 for wide East Asian characters and emoji.
std::size_t display_width(std::string_view utf8);

/// The beginning of a text, as much as fits into so many columns.
std::string cut_columns(std::string_view utf8, std::size_t columns);

std::string pad_left(const std::string& text, std::size_t width);   ///< text at the right
std::string pad_right(const std::string& text, std::size_t width);  ///< text at the left

/// `±` -> `+-`, `…` -> `...`, `·` -> `.`; what else is not ASCII becomes `?`.
std::string to_ascii(std::string_view utf8);

/// Packs pieces into lines of at most `width`, `between` them;
/// a longer piece is broken at its blanks.
std::string wrap(const std::vector<std::string>& pieces, const std::string& between,
                 std::size_t width);

}  // namespace ktb::core
