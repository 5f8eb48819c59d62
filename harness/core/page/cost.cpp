#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "core/page/parts.hpp"
#include "core/score/metrics.hpp"
#include "core/score/stats.hpp"
#include "core/table/render/shown.hpp"

namespace ktb::core {
namespace {

constexpr double kWidth = 480, kLeft = 44, kRight = 340, kTop = 20, kPlot = 200, kRow = 13;
/// Costs that differ more are shown by their orders of magnitude.
constexpr double kFarApart = 15;

/// A cost that a record has, and how a chart calls it.
struct Price {
  const char* name;
  const char* words;
  double scale;
};
constexpr Price kTraining{"train_seconds", "seconds of training", 1};
constexpr Price kPrediction{"flops_per_example", "MFLOP for a prediction", 1e-6};

struct Offer {
  std::size_t row;
  double cost, score, low, high;
};

std::vector<Offer> offers(const PageInput& input, const Table& table, std::size_t column,
                          const Price& price) {
  std::vector<Offer> all;
  for (const std::size_t row : method_rows(table)) {
    const Entry& entry = table.rows[row].entries[column];
    std::vector<double> costs;
    for (const Record* record : records_of(input, entry)) {
      const auto found = record->cost.find(price.name);
      if (found != record->cost.end()) costs.push_back(found->second * price.scale);
    }
    if (costs.empty() || entry.values.empty() || !std::isfinite(entry.mean)) continue;
    const double cost = mean(costs);
    if (cost > 0) all.push_back({row, cost, entry.mean, entry.low, entry.high});
  }
  return all;
}

/// Those that none beats at no higher cost, cheapest first.
std::vector<Offer> front_of(std::vector<Offer> all, double sign) {
  std::stable_sort(all.begin(), all.end(), [&](const Offer& a, const Offer& b) {
    return a.cost != b.cost ? a.cost < b.cost : sign * a.score > sign * b.score;
  });
  std::vector<Offer> front;
  for (const Offer& offer : all)
    if (front.empty() || sign * offer.score > sign * front.back().score) front.push_back(offer);
  return front;
}

void add_front(Svg& svg, const std::vector<Offer>& front, const Scale& x, const Scale& y) {
  Path path;
  path.to(x.at(front.front().cost), y.from);
  for (std::size_t i = 0; i < front.size(); ++i) {
    if (i > 0) path.to(x.at(front[i].cost), y.at(front[i - 1].score));
    path.to(x.at(front[i].cost), y.at(front[i].score));
  }
  path.to(x.to, y.at(front.back().score));
  svg.path(path.d(), "front");
}

Scale cost_scale(const std::vector<Offer>& all) {
  Extent costs;
  for (const Offer& offer : all) costs.add(offer.cost);
  if (costs.high() < kFarApart * costs.low()) return costs.scale(kLeft, kRight);
  return {costs.low() / 1.3, costs.high() * 1.3, kLeft, kRight, true};
}

std::string chart(const Table& table, std::size_t column, const std::vector<Offer>& all,
                  const Price& price) {
  const MetricInfo info = metric_info(table.columns[column].metric);
  Extent scores;
  for (const Offer& offer : all)
    for (const double value : {offer.low, offer.high, offer.score}) scores.add(value);
  const double bottom = kTop + std::max(kPlot, kRow * static_cast<double>(all.size() - 1) + 6);
  const Scale x = cost_scale(all), y = scores.scale(bottom, kTop);
  const std::string head = arrows(column_head(table.columns[column]));
  const std::vector<Offer> front = front_of(all, info.sign());
  std::vector<std::string> best;
  for (const Offer& offer : front) best.push_back(row_name(table.rows[offer.row]));
  Svg svg(kWidth, bottom + 38, fmt::format("{} against {}: {}", info.label(), price.words, head),
          "On the Pareto front, cheapest first: " + joined(best, ", "));
  add_frame(svg, x, y, price.words, info.label());
  add_front(svg, front, x, y);
  std::vector<SideLabel> labels;
  for (const Offer& offer : all) {
    const std::string look = look_of(table, offer.row), name = row_name(table.rows[offer.row]);
    const double at = x.at(offer.cost);
    if (offer.high > offer.low)
      svg.line(at, y.within(offer.low), at, y.within(offer.high), "bar " + look);
    svg.mark(at, y.at(offer.score), shape_of(table, offer.row), look,
             fmt::format("{}: {:.4g} at {:.4g}", name, offer.score, offer.cost));
    labels.push_back({at + 5, y.at(offer.score), name, "label " + look});
  }
  add_side_labels(svg, labels, kRight + 14, kTop, bottom);
  return figure_of(svg.str(), head);
}

/// Seconds of unlike machines are not comparable.
bool one_machine(const PageInput& input, const Table& table, std::size_t column) {
  std::set<std::string> machines;
  for (const std::size_t row : method_rows(table))
    for (const Record* record : records_of(input, table.rows[row].entries[column]))
      machines.insert(machine_of(*record));
  return machines.size() == 1;
}

bool shows(const Table& table, const Price& price) {
  return std::any_of(table.columns.begin(), table.columns.end(), [&](const Column& column) {
    return column.kind == ColumnKind::kCost && column.metric == price.name;
  });
}

}  // namespace

std::string cost_charts(const PageInput& input, const Table& table) {
  std::string charts;
  for (const std::size_t column : panel_columns(table)) {
    // Of a method's own figures nobody knows which are better.
    if (!is_known_metric(table.columns[column].metric)) continue;
    for (const Price& price : {kTraining, kPrediction}) {
      const bool training = price.name == kTraining.name;
      if (training ? !one_machine(input, table, column) : !shows(table, price)) continue;
      const auto all = offers(input, table, column, price);
      if (all.size() > 1) charts += chart(table, column, all, price);
    }
  }
  return charts;
}

}  // namespace ktb::core
