#pragma once
#include <string>

#include "core/table/table.hpp"

/// What the renderers share: the parts of an entry and of a heading.
namespace ktb::core {

/// `55.1`, `1.0` and what follows. Symbols: `-` a hole or a failure, `…` at work, `·` not run yet.
struct Shown {
  std::string main;
  std::string spread;   ///< empty where there is none
  std::string marks;    ///< `!` or `=`, `*`
  std::string count;    ///< `(2/3)`, with ` …` while others are at work
  std::string verdict;  ///< of a published value
  std::string letters;
};
Shown shown(const Entry& entry, const Table& table);

/// Title and caption in one sentence.
std::string headline(const Table& table);
/// `a of 4, picked on validation`, one a footnote.
std::vector<std::string> lettered(const Table& table);
/// The table with each text of it in one line, for formats in which a text stands as it is.
Table in_lines(Table table);
std::string row_head(const Table& table, std::size_t axis);
/// A heading in two lines where it is a long pair.
std::vector<std::string> pair_lines(const std::string& head);
/// A column's heading in one line, for formats without stacked headings.
std::string column_head(const Column& column);

}  // namespace ktb::core
