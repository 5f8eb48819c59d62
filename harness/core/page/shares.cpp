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

/// Of all runs of a member those of each, a mean over seeds.
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

/// Members in the order of their coming.
std::vector<std::string> members_of(const std::vector<ShareBar>& bars) {
  std::vector<std::string> members;
  for (const ShareBar& bar : bars)
    for (const auto& [member, share] : bar.shares)
      if (std::count(members.begin(), members.end(), member) == 0) members.push_back(member);
  return members;
}

}  // namespace

std::string share_bars(std::string_view title, std::string_view description,
                       std::string_view caption, const std::vector<ShareBar>& bars) {
  const std::vector<std::string> members = members_of(bars);
  const double top = 10 + 18 * static_cast<double>((members.size() + 3) / 4);
  Svg svg(kRight + 10, top + (kBar + kGap) * static_cast<double>(bars.size()), title, description);
  add_keys(svg, members);
  for (std::size_t i = 0; i < bars.size(); ++i) {
    const double y = top + (kBar + kGap) * static_cast<double>(i);
    svg.text(kLeft - 8, y + 13, shortened(bars[i].name, 22), "label", Svg::Anchor::kEnd);
    add_bar(svg, bars[i].shares, members, y);
  }
  return figure_of(svg.str(), caption);
}

std::string member_shares(const PageInput& input, const Table& table) {
  std::string charts;
  for (const std::size_t column : panel_columns(table)) {
    std::vector<ShareBar> bars;
    for (const std::size_t row : method_rows(table)) {
      Shares shares = shares_of(input, table.rows[row].entries[column]);
      if (shares.size() > 1) bars.push_back({row_name(table.rows[row]), std::move(shares)});
    }
    if (bars.empty()) continue;
    const std::string head = arrows(column_head(table.columns[column]));
    charts += share_bars(
        "Shares of members: " + head,
        "Of all runs of a member, how many percent are each one's, a bar a row of the table", head,
        bars);
  }
  return charts;
}

}  // namespace ktb::core
