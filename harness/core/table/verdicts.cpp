#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "core/score/metrics.hpp"
#include "core/table/parts.hpp"

namespace ktb::core {
namespace {

/// The one entry of a row where a claim is about; null where there is none, or more than one.
const Contestant* place_of(const Claim& claim, const std::string& method,
                           const std::vector<Contestant>& all) {
  const Contestant* place = nullptr;
  for (const Contestant& one : all) {
    if (one.mean || !one.at.contains("method") || one.at.at("method") != method) continue;
    const bool here = std::all_of(claim.where.begin(), claim.where.end(), [&](const auto& wanted) {
      const auto axis = one.at.find(wanted.first);
      return axis == one.at.end() || axis->second.empty() || axis->second == wanted.second;
    });
    if (!here) continue;
    if (place != nullptr) return nullptr;
    place = &one;
  }
  return place;
}

/// `better` counts in the metric's own direction: of a loss, less is better.
std::string verdict_on(const Claim& claim, const Difference& seen, double sign) {
  const int side = side_of(seen.low, seen.high, sign);
  if (side == 0) return "cannot tell";
  return (side > 0) == claim.better() ? "holds" : "does not hold";
}

Entry waiting(State state) {
  Entry entry;
  entry.state = state;
  return entry;
}

Row judged(const TableInput& input, const Claim& claim, const std::vector<Contestant>& all) {
  Row row;
  row.labels = {claim.say};
  row.entries = {figure(claim.expect)};
  const Contestant* first = place_of(claim, claim.method, all);
  const Contestant* second = place_of(claim, claim.over, all);
  const bool whole = first && second && first->entry->state == State::kComplete &&
                     second->entry->state == State::kComplete;
  const auto seen = whole ? difference_between(input, *first, *second) : std::nullopt;
  if (!seen) {
    row.entries.resize(4, waiting(State::kPending));
    return row;
  }
  const int digits = digits_of(first->metric, input.spec);
  const auto [mean, low, high] = std::tuple(seen->mean, seen->low, seen->high);
  row.entries.push_back(figure(with_sign(mean, digits), mean, low, high));
  row.entries.push_back(
      figure(fmt::format("[{}, {}]", fixed(low, digits), fixed(high, digits)), mean, low, high));
  row.entries.push_back(figure(verdict_on(claim, *seen, metric_info(first->metric).sign())));
  return row;
}

}  // namespace

void show_verdicts(const TableInput& input, Table& table) {
  const std::vector<Contestant> all = contestants(table);
  std::vector<Row> rows;
  for (const Claim& claim : input.spec.claims) rows.push_back(judged(input, claim, all));
  table.rows = std::move(rows);
  table.row_axes = {"claim"};
  table.columns.clear();
  for (const char* head : {"expected", "seen", "95 % interval", "verdict"}) {
    Column column;
    column.kind = ColumnKind::kCost;
    column.heads = {head};
    table.columns.push_back(column);
  }
  table.differences = true;
  table.interval = false;
  table.legend = {fmt::format(
      "seen: the paired difference of the two rows that a claim compares, with its 95 % interval "
      "({}); holds, does not hold: all of the interval is on the side that was expected, or on the "
      "other; cannot tell: it includes 0",
      table.interval_of)};
}

}  // namespace ktb::core
