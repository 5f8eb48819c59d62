#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "core/base/output/escape.hpp"
#include "core/paper/figures.hpp"

namespace ktb::core {
namespace {

struct Ranked {
  double rank = 0;
  std::string label;
};

/// The best first.
std::vector<Ranked> ranked_rows(const Table& table) {
  std::vector<Ranked> rows;
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    if (table.columns[i].kind != ColumnKind::kRank) continue;
    for (const Row& row : table.rows) {
      if (row.entries[i].state == State::kFixed)
        rows.push_back({row.entries[i].mean, row.labels.back()});
    }
  }
  std::stable_sort(rows.begin(), rows.end(),
                   [](const Ranked& a, const Ranked& b) { return a.rank < b.rank; });
  return rows;
}

/// First and last of each largest set of rows that are nearer than the critical difference.
std::vector<std::pair<std::size_t, std::size_t>> groups_of(const std::vector<Ranked>& rows,
                                                           double critical) {
  std::vector<std::pair<std::size_t, std::size_t>> groups;
  std::size_t reached = 0;
  for (std::size_t first = 0; first < rows.size(); ++first) {
    std::size_t last = first;
    while (last + 1 < rows.size() && rows[last + 1].rank - rows[first].rank < critical) ++last;
    if (last > first && last > reached) groups.emplace_back(first, last);
    reached = std::max(reached, last);
  }
  return groups;
}

/// From its place on the line down and out to the nearer side; the outermost is the highest.
std::string leader(const Ranked& row, std::size_t depth, double start, double end, bool left) {
  const double y = -start - .42 * static_cast<double>(depth);
  return fmt::format(
      "\\draw ({0:.4f},0) |- ({1:.4f},{2:.2f}) node[anchor={3}] {{{4} ({0:.2f})}};\n", row.rank,
      end, y, left ? "east" : "west", latex_text(row.label));
}

}  // namespace

std::string ranks_figure(const Table& table) {
  const std::vector<Ranked> rows = ranked_rows(table);
  if (!table.ranking || rows.size() < 2) return "";
  const double critical = table.ranking->critical_difference;
  const auto groups = groups_of(rows, critical);
  const std::size_t count = rows.size(), left = (count + 1) / 2;
  const double start = .5 + .15 * static_cast<double>(groups.size());
  std::string text = fmt::format(
      "% needs \\usepackage{{pgfplots}}\n\\begin{{tikzpicture}}[x={:.4f}\\linewidth,y=1cm,"
      "font=\\footnotesize]\n\\draw (1,0) -- ({},0);\n",
      .5 / static_cast<double>(count - 1), count);
  for (std::size_t rank = 1; rank <= count; ++rank)
    text += fmt::format("\\draw ({0},0) -- ({0},.1) node[above] {{{0}}};\n", rank);
  text += fmt::format(
      "\\draw[|-|] (1,.85) -- ({:.4f},.85) node[midway,above] {{critical difference {:.2f}}};\n",
      1 + critical, critical);
  for (std::size_t i = 0; i < groups.size(); ++i) {
    text += fmt::format("\\draw[line width=2pt] ({:.4f},{:.2f}) -- ({:.4f},{:.2f});\n",
                        rows[groups[i].first].rank - .03, -.2 - .15 * static_cast<double>(i),
                        rows[groups[i].second].rank + .03, -.2 - .15 * static_cast<double>(i));
  }
  for (std::size_t i = 0; i < count; ++i) {
    text += i < left
                ? leader(rows[i], i, start, 1 - .1, true)
                : leader(rows[i], count - 1 - i, start, static_cast<double>(count) + .1, false);
  }
  return text + "\\end{tikzpicture}\n";
}

}  // namespace ktb::core
