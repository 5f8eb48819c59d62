#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "core/page/parts.hpp"
#include "core/score/stats.hpp"
#include "core/table/render/shown.hpp"

namespace ktb::core {
namespace {

constexpr std::string_view kShare = "share.";
constexpr double kLeft = 150, kRight = 460, kBar = 18, kGap = 8, kKey = 110;

/// Member -> its share of all runs, a mean over seeds.
using Shares = std::map<std::string, double>;

Shares shares_of(const PageInput& input, const Entry& entry) {
  std::map<std::string, std::vector<double>> values;
  for (const Record* record : records_of(input, entry))
    for (const auto& [name, value] : record->metrics)
      if (name.starts_with(kShare)) values[name.substr(kShare.size())].push_back(value);
  Shares shares;
  for (const auto& [member, all] : values) shares[member] = mean(all);
  return shares;
}

std::string member_look(const std::vector<std::string>& members, const std::string& member) {
  const auto at = std::find(members.begin(), members.end(), member) - members.begin();
  return "fill " + colour(static_cast<std::size_t>(at));
}

void add_bar(Svg& svg, const Shares& shares, const std::vector<std::string>& members, double y) {
  double total = 0;
  for (const auto& [member, share] : shares) total += share;
  double x = kLeft;
  for (const auto& [member, share] : shares) {
    if (!(total > 0)) return;
    const double width = share / total * (kRight - kLeft);
    const std::string percent = fmt::format("{:.0f}", 100 * share / total);
    svg.rectangle(x, y, std::max(0., width - 1), kBar, member_look(members, member),
                  fmt::format("{}: {} %", member, percent));
    if (width > 22) svg.text(x + width / 2, y + 13, percent, "inside", Svg::Anchor::kMiddle);
    x += width;
  }
}

void add_keys(Svg& svg, const std::vector<std::string>& members) {
  for (std::size_t i = 0; i < members.size(); ++i) {
    const double x = kLeft - 140 + kKey * static_cast<double>(i % 4);
    const double y = 4 + 18 * static_cast<double>(i / 4);
    svg.rectangle(x, y, 10, 10, member_look(members, members[i]));
    svg.text(x + 15, y + 9, shortened(members[i], 14), "label");
  }
}

}  // namespace

std::string member_shares(const PageInput& input, const Table& table) {
  std::string charts;
  for (const std::size_t column : panel_columns(table)) {
    std::vector<std::pair<std::string, Shares>> rows;
    std::vector<std::string> members;
    for (const std::size_t row : method_rows(table)) {
      Shares shares = shares_of(input, table.rows[row].entries[column]);
      for (const auto& [member, share] : shares)
        if (std::count(members.begin(), members.end(), member) == 0) members.push_back(member);
      if (shares.size() > 1) rows.emplace_back(row_name(table.rows[row]), std::move(shares));
    }
    if (rows.empty()) continue;
    const double top = 10 + 18 * static_cast<double>((members.size() + 3) / 4);
    const std::string head = arrows(column_head(table.columns[column]));
    Svg svg(kRight + 10, top + (kBar + kGap) * static_cast<double>(rows.size()),
            "Shares of members: " + head,
            "Of all runs of a member, how many percent are each one's, a bar a row of the table");
    add_keys(svg, members);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const double y = top + (kBar + kGap) * static_cast<double>(i);
      svg.text(kLeft - 8, y + 13, shortened(rows[i].first, 22), "label", Svg::Anchor::kEnd);
      add_bar(svg, rows[i].second, members, y);
    }
    charts += figure_of(svg.str(), head);
  }
  return charts;
}

}  // namespace ktb::core
