#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <set>
#include <string_view>

#include "core/score/metrics.hpp"
#include "core/score/stats.hpp"
#include "core/table/parts.hpp"

namespace ktb::core {
namespace {

constexpr double kAlpha = 0.05;

/// An entry that can be compared, with its coordinates on both sides of the table.
struct Contestant {
  Entry* entry;
  Axes at;
  std::string group;  ///< metric, and whether it is a mean over columns
  double sign;        ///< of the metric: times it, the highest mean is the best
};

bool is_option(const std::string& axis) { return axis.rfind("option.", 0) == 0; }

/// The axes along which entries compete: methods and their options on the side where methods stand;
/// without methods, the rows, data sets and labels aside.
std::set<std::string> contested_axes(const TableSpec& spec) {
  std::set<std::string> axes;
  for (const auto* side : {&spec.rows, &spec.cols}) {
    if (std::count(side->begin(), side->end(), "method") == 0) continue;
    for (const std::string& axis : *side) {
      if (axis == "method" || is_option(axis)) axes.insert(axis);
    }
    return axes;
  }
  for (const std::string& axis : spec.rows) {
    if (axis != "dataset" && axis != "labels" && axis != "grid") axes.insert(axis);
  }
  return axes;
}

std::vector<Contestant> contestants(Table& table) {
  std::vector<Contestant> all;
  for (Row& row : table.rows) {
    if (row.kind != RowKind::kCells && row.kind != RowKind::kDerived) continue;
    for (std::size_t i = 0; i < row.entries.size(); ++i) {
      const Column& column = table.columns[i];
      const bool compared = column.kind == ColumnKind::kCells || column.kind == ColumnKind::kMean;
      if (!compared || row.entries[i].values.empty()) continue;
      Axes at = row.axes;
      at.insert(column.axes.begin(), column.axes.end());
      const std::string group = column.metric + (column.kind == ColumnKind::kMean ? "/mean" : "");
      all.push_back({&row.entries[i], at, group, metric_info(column.metric).sign()});
    }
  }
  return all;
}

/// Values of the seeds that both have.
struct Pairs {
  std::vector<double> a, b;
};

Pairs pairs_of(const Entry& a, const Entry& b) {
  Pairs pairs;
  for (const auto& [seed, value] : a.values) {
    const auto other = b.values.find(seed);
    if (other == b.values.end()) continue;
    pairs.a.push_back(value);
    pairs.b.push_back(other->second);
  }
  return pairs;
}

bool finite(const Entry& entry) {
  return std::all_of(entry.values.begin(), entry.values.end(),
                     [](const auto& value) { return std::isfinite(value.second); });
}

/// Marks the best of a group and what is tied with it.
/// An incomplete leader leaves its group without marks.
void mark_best(const std::vector<Contestant>& group, std::set<double>& degrees) {
  if (group.size() < 2) return;
  const double sign = group.front().sign;
  const Contestant* best = nullptr;
  for (const Contestant& one : group) {
    if (!finite(*one.entry)) continue;
    if (best == nullptr || sign * one.entry->mean > sign * best->entry->mean) best = &one;
  }
  const auto marked = [](const Entry& entry) {
    return entry.state == State::kComplete && entry.values.size() > 1 && finite(entry);
  };
  if (best == nullptr || !marked(*best->entry)) return;
  for (const Contestant& one : group) {
    if (!marked(*one.entry)) continue;
    const Pairs pairs = pairs_of(*best->entry, *one.entry);
    if (&one != best && pairs.a.size() < 2) continue;
    one.entry->best = &one == best || paired_t(pairs.a, pairs.b).interval.contains(0);
    degrees.insert(static_cast<double>(one.entry->values.size() - 1));
  }
}

void mark_all_best(const TableInput& input, const std::vector<Contestant>& all, Table& table) {
  const std::set<std::string> contested = contested_axes(input.spec);
  std::map<std::string, std::vector<Contestant>> groups;
  for (const Contestant& one : all) {
    std::string key = one.group + "|" + one.entry->task;
    for (const auto& [axis, value] : one.at) {
      if (contested.count(axis) == 0) key += "|" + value;
    }
    groups[key].push_back(one);
  }
  std::set<double> degrees;
  for (const auto& [key, group] : groups) mark_best(group, degrees);
  if (degrees.empty()) return;
  const std::string df =
      degrees.size() == 1 ? fmt::format("t, df {:g}", *degrees.begin()) : std::string("t");
  table.legend.push_back(
      fmt::format("= best, or tied with it: paired 95 % interval ({}) includes 0", df));
}

/// The axis on which the baseline is a value; empty where it stands nowhere.
std::string baseline_axis(const TableInput& input, const std::vector<Contestant>& all) {
  for (const auto* side : {&input.spec.rows, &input.spec.cols}) {
    for (const std::string& axis : *side) {
      for (const Contestant& one : all) {
        const auto found = one.at.find(axis);
        if (found != one.at.end() && found->second == input.spec.baseline) return axis;
      }
    }
  }
  return "";
}

void flag_baseline(const std::string& axis, const std::string& value, Table& table) {
  const auto is_baseline = [&](const Axes& axes) {
    const auto found = axes.find(axis);
    return found != axes.end() && found->second == value;
  };
  for (Row& row : table.rows) row.baseline = is_baseline(row.axes);
  for (Column& column : table.columns) column.baseline = is_baseline(column.axes);
}

void subtract_baseline(const std::string& axis, const std::string& value,
                       const std::vector<Contestant>& all) {
  std::map<std::pair<std::string, Axes>, const Contestant*> index;
  for (const Contestant& one : all) index[{one.group, one.at}] = &one;
  for (const Contestant& one : all) {
    Axes at = one.at;
    if (at[axis] == value) continue;
    at[axis] = value;
    const auto base = index.find({one.group, at});
    if (base == index.end() || base->second->entry->task != one.entry->task) continue;
    const Pairs pairs = pairs_of(*one.entry, *base->second->entry);
    if (pairs.a.empty()) continue;
    const PairedT test = paired_t(pairs.a, pairs.b);
    Difference difference{test.difference, test.interval.low, test.interval.high, pairs.a.size()};
    const bool whole = one.entry->state == State::kComplete &&
                       base->second->entry->state == State::kComplete && pairs.a.size() > 1;
    difference.p = whole ? wilcoxon(pairs.a, pairs.b).p : std::numeric_limits<double>::quiet_NaN();
    one.entry->difference = difference;
  }
}

/// Holm over all differences that could be tested; the legend says what so many seeds can show.
void mark_significance(const TableInput& input, const std::vector<Contestant>& all, Table& table) {
  std::vector<Difference*> tested;
  std::vector<double> p;
  std::size_t seeds = 0;
  std::vector<Entry*> entries;
  for (const Contestant& one : all) {
    if (!one.entry->difference || std::isnan(one.entry->difference->p)) continue;
    tested.push_back(&*one.entry->difference);
    entries.push_back(one.entry);
    p.push_back(one.entry->difference->p);
    seeds = std::max(seeds, one.entry->difference->pairs);
  }
  if (tested.empty()) return;
  const std::vector<double> adjusted = holm(p);
  for (std::size_t i = 0; i < tested.size(); ++i) {
    tested[i]->p_adjusted = adjusted[i];
    entries[i]->significant = input.spec.marks && adjusted[i] <= kAlpha;
  }
  if (!input.spec.marks) return;
  const double floor = wilcoxon_floor(seeds), lowest = floor * static_cast<double>(p.size());
  const std::string comparisons =
      fmt::format("{} comparison{}", p.size(), p.size() == 1 ? "" : "s");
  if (lowest > kAlpha) {
    table.legend.push_back(
        fmt::format("no significance marks: with {} seeds the exact signed-rank test cannot go "
                    "below p = {:.2g}, and "
                    "Holm's correction over {} needs {:.2g}",
                    seeds, floor, comparisons, kAlpha / static_cast<double>(p.size())));
  } else {
    table.legend.push_back(fmt::format(
        "* differs from the baseline: exact signed-rank test over seeds, p <= 0.05 after Holm's "
        "correction over {}",
        comparisons));
  }
}

}  // namespace

void compare_entries(const TableInput& input, Table& table) {
  const std::vector<Contestant> all = contestants(table);
  if (input.spec.marks) mark_all_best(input, all, table);
  if (input.spec.baseline.empty()) return;
  const std::string axis = baseline_axis(input, all);
  if (axis.empty()) {
    if (!all.empty()) {
      table.legend.push_back(fmt::format("baseline `{}` has no values", input.spec.baseline));
    }
    return;
  }
  flag_baseline(axis, input.spec.baseline, table);
  subtract_baseline(axis, input.spec.baseline, all);
  mark_significance(input, all, table);
}

}  // namespace ktb::core
