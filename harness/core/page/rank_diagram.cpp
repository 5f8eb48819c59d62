#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/page/parts.hpp"

namespace ktb::core {
namespace {

constexpr double kWidth = 620, kLeft = 200, kRight = 420, kTop = 44, kLine = 20, kBar = 8;

struct Ranked {
  double rank;
  std::string name;
};

/// Best first.
std::vector<Ranked> ranked(const Table& table) {
  const auto column = std::find_if(table.columns.begin(), table.columns.end(),
                                   [](const Column& one) { return one.kind == ColumnKind::kRank; });
  std::vector<Ranked> all;
  if (column == table.columns.end()) return all;
  const auto at = static_cast<std::size_t>(column - table.columns.begin());
  for (const Row& row : table.rows)
    if (row.entries[at].state == State::kFixed)
      all.push_back({row.entries[at].mean, row_name(row)});
  std::stable_sort(all.begin(), all.end(),
                   [](const Ranked& a, const Ranked& b) { return a.rank < b.rank; });
  return all;
}

/// First and last of each largest group in which all lie nearer together than the difference.
std::vector<std::pair<std::size_t, std::size_t>> groups(const std::vector<Ranked>& all,
                                                        double difference) {
  std::vector<std::pair<std::size_t, std::size_t>> found;
  for (std::size_t first = 0; first < all.size(); ++first) {
    std::size_t last = first;
    while (last + 1 < all.size() && all[last + 1].rank - all[first].rank < difference) ++last;
    const bool inside = !found.empty() && found.back().second >= last;
    if (last > first && !inside) found.emplace_back(first, last);
  }
  return found;
}

/// From its rank down and out to its name: the better half at the left.
void add_name(Svg& svg, const Ranked& one, const Scale& scale, double y, bool left) {
  Path thread;
  const double x = scale.at(one.rank), end = left ? kLeft - 20 : kRight + 20;
  thread.to(x, kTop);
  thread.to(x, y);
  thread.to(end, y);
  svg.path(thread.d(), "lead");
  svg.text(end + (left ? -5 : 5), y + 4,
           fmt::format("{} {:.2f}", shortened(one.name, 21), one.rank), "label",
           left ? Svg::Anchor::kEnd : Svg::Anchor::kStart);
}

}  // namespace

std::string rank_diagram(const Table& table) {
  const std::vector<Ranked> all = ranked(table);
  if (!table.ranking || all.size() < 2) return "";
  const double difference = table.ranking->critical_difference;
  const auto tied = groups(all, difference);
  const std::size_t half = (all.size() + 1) / 2;
  const double names = kTop + 14 + kBar * static_cast<double>(tied.size());
  const Scale scale{1, static_cast<double>(all.size()), kLeft, kRight};
  Svg svg(kWidth, names + kLine * static_cast<double>(half) + 4, "Critical-difference diagram",
          "Mean ranks, 1 is the best; a bar joins rows that are not told apart");
  svg.line(scale.from, kTop, scale.to, kTop, "axis");
  for (std::size_t rank = 1; rank <= all.size(); ++rank) {
    const double x = scale.at(static_cast<double>(rank));
    svg.line(x, kTop - 4, x, kTop, "axis");
    svg.text(x, kTop - 8, fmt::format("{}", rank), "tick", Svg::Anchor::kMiddle);
  }
  const double reach = std::min(difference, scale.high - scale.low);
  svg.line(scale.from, 12, scale.at(1 + reach), 12, "bar open");
  svg.text(scale.at(1 + reach) + 6, 16, fmt::format("critical difference {:.2f}", difference),
           "tick");
  for (std::size_t i = 0; i < all.size(); ++i) {
    const bool left = i < half;
    const double place = static_cast<double>(left ? i : all.size() - 1 - i);
    add_name(svg, all[i], scale, names + 6 + kLine * place, left);
  }
  for (std::size_t i = 0; i < tied.size(); ++i) {
    const double y = kTop + 9 + kBar * static_cast<double>(i);
    svg.line(scale.at(all[tied[i].first].rank) - 3, y, scale.at(all[tied[i].second].rank) + 3, y,
             "clique");
  }
  const bool apart = table.ranking->f_p <= 0.05;
  return figure_of(
      svg.str(), apart ? "Mean ranks over columns, 1 is the best. A thick bar joins rows nearer "
                         "than the critical difference."
                       : "Mean ranks over columns, 1 is the best. The test over all rows does not "
                         "tell the ranks apart.");
}

}  // namespace ktb::core
