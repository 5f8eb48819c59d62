#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <set>
#include <utility>

#include "core/score/metrics.hpp"
#include "core/score/stats.hpp"
#include "core/table/parts.hpp"

namespace ktb::core {
namespace {

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

bool finite(const Entry& entry) {
  return std::all_of(entry.values.begin(), entry.values.end(),
                     [](const auto& value) { return std::isfinite(value.second); });
}

/// What the marks of a table rest on, for its legend.
struct Marked {
  bool best = false, tied = false;
  std::set<double> degrees;  ///< of freedom, of the intervals over seeds
};

/// Marks the best of a group, and what cannot be told from it.
/// A leader that cannot be tested, as it is incomplete, leaves its group without marks.
void mark_group(const TableInput& input, const std::vector<Contestant>& group, Marked& marked) {
  if (group.size() < 2) return;
  const double sign = metric_info(group.front().metric).sign();
  const Contestant* best = nullptr;
  for (const Contestant& one : group) {
    if (!finite(*one.entry)) continue;
    if (best == nullptr || sign * one.entry->mean > sign * best->entry->mean) best = &one;
  }
  if (best == nullptr || !can_be_tested(input, *best)) return;
  best->entry->mark = Mark::kBest;
  for (const Contestant& one : group) {
    if (&one == best || !finite(*one.entry)) continue;
    const auto difference = difference_between(input, *best, one);
    if (difference && told_apart(input, *difference)) continue;
    best->entry->mark = Mark::kTied;
    if (can_be_tested(input, one)) one.entry->mark = Mark::kTied;
  }
  (best->entry->mark == Mark::kBest ? marked.best : marked.tied) = true;
  marked.degrees.insert(static_cast<double>(best->entry->values.size() - 1));
}

/// `paired 95 % interval (t, df 2) includes 0`, or that it does not.
std::string grounds(const TableInput& input, const Marked& marked, bool apart) {
  if (input.spec.test == "mcnemar")
    return fmt::format("exact McNemar test on test samples, p {} {}", apart ? "<=" : ">", kAlpha);
  std::string by = "bootstrap over test samples";
  if (!input.spec.counts_samples())
    by = marked.degrees.size() == 1 ? fmt::format("t, df {:g}", *marked.degrees.begin()) : "t";
  return fmt::format("paired 95 % interval ({}) {} 0", by, apart ? "excludes" : "includes");
}

void mark_all(const TableInput& input, const std::vector<Contestant>& all, Table& table) {
  const std::set<std::string> contested = contested_axes(input.spec);
  std::map<std::string, std::vector<Contestant>> groups;
  for (const Contestant& one : all) {
    std::string key = one.group() + "|" + one.entry->task;
    for (const auto& [axis, value] : one.at) {
      if (contested.count(axis) == 0) key += "|" + value;
    }
    groups[key].push_back(one);
  }
  Marked marked;
  for (const auto& [key, group] : groups) mark_group(input, group, marked);
  if (marked.best)
    table.legend.push_back("! the best, told from every other: " + grounds(input, marked, true));
  if (input.spec.marks == "tied") {
    if (marked.tied)
      table.legend.push_back("= the best, or not told from it: " + grounds(input, marked, false));
    return;
  }
  for (const Contestant& one : all)
    if (one.entry->mark == Mark::kTied) one.entry->mark = Mark::kNone;
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

void subtract_baseline(const TableInput& input, const std::string& axis,
                       const std::vector<Contestant>& all) {
  std::map<std::pair<std::string, Axes>, const Contestant*> index;
  for (const Contestant& one : all) index[{one.group(), one.at}] = &one;
  for (const Contestant& one : all) {
    Axes at = one.at;
    if (at[axis] == input.spec.baseline) continue;
    at[axis] = input.spec.baseline;
    const auto base = index.find({one.group(), at});
    if (base == index.end() || base->second->entry->task != one.entry->task) continue;
    one.entry->difference = tested_difference(input, one, *base->second);
  }
}

/// Differences that were tested, with their entries.
struct Tested {
  std::vector<Entry*> entries;
  std::vector<double> p;
  std::size_t seeds = 0;  ///< the most that one has

  std::string comparisons() const {
    return fmt::format("{} comparison{}", p.size(), p.size() == 1 ? "" : "s");
  }
};

/// What a mark means that seeds earn, or why so few seeds earn none.
std::string explain_seeds(const Tested& tested) {
  const double floor = wilcoxon_floor(tested.seeds);
  const auto count = static_cast<double>(tested.p.size());
  if (floor * count <= kAlpha)
    return fmt::format(
        "* differs from the baseline: {} over seeds, p <= {} after Holm's correction over {}",
        tested.seeds <= kMostExactPairs
            ? "exact signed-rank test"
            : fmt::format("signed-rank test (exact up to {} seeds, else normal approximation)",
                          kMostExactPairs),
        kAlpha, tested.comparisons());
  return fmt::format(
      "no significance marks: with {} seeds the exact signed-rank test cannot go below p = {:.2g}, "
      "and Holm's correction over {} needs {:.2g}",
      tested.seeds, floor, tested.comparisons(), kAlpha / count);
}

std::string explain_samples(const TableInput& input, const Tested& tested) {
  return fmt::format(
      "* differs from the baseline: {} test samples, p <= {} after Holm's correction over {}; it "
      "speaks of these trained networks, other seeds may not bear it out",
      input.spec.test == "mcnemar" ? "exact McNemar test on" : "paired bootstrap over", kAlpha,
      tested.comparisons());
}

/// The columns that a test on samples cannot speak of.
void note_untested(const std::vector<Contestant>& all, Table& table) {
  std::set<std::string> columns;
  for (const Contestant& one : all) {
    const bool whole = one.entry->state == State::kComplete;
    if (!whole || !one.entry->difference || !std::isnan(one.entry->difference->p)) continue;
    columns.insert(one.mean ? "means over columns" : metric_info(one.metric).label());
  }
  if (!columns.empty())
    table.legend.push_back(fmt::format(
        "not tested, being no share of test samples that are right: {}", fmt::join(columns, ", ")));
}

/// Holm over all differences that could be tested; the legend says what the test can show.
void mark_significance(const TableInput& input, const std::vector<Contestant>& all, Table& table) {
  if (input.spec.counts_samples()) note_untested(all, table);
  Tested tested;
  for (const Contestant& one : all) {
    if (!one.entry->difference || std::isnan(one.entry->difference->p)) continue;
    tested.entries.push_back(one.entry);
    tested.p.push_back(one.entry->difference->p);
    tested.seeds = std::max(tested.seeds, one.entry->difference->pairs);
  }
  if (tested.p.empty()) return;
  const bool marks = input.spec.marks != "none";
  const std::vector<double> adjusted = holm(tested.p);
  for (std::size_t i = 0; i < adjusted.size(); ++i) {
    tested.entries[i]->difference->p_adjusted = adjusted[i];
    tested.entries[i]->significant = marks && adjusted[i] <= kAlpha;
  }
  if (!marks) return;
  table.legend.push_back(input.spec.counts_samples() ? explain_samples(input, tested)
                                                     : explain_seeds(tested));
}

}  // namespace

void compare_entries(const TableInput& input, Table& table) {
  const std::vector<Contestant> all = contestants(table);
  if (input.spec.marks != "none") mark_all(input, all, table);
  if (input.spec.test == "bootstrap") table.interval_of = "bootstrap over test samples";
  if (input.spec.baseline.empty()) return;
  const std::string axis = baseline_axis(input, all);
  if (axis.empty()) {
    if (!all.empty()) {
      table.legend.push_back(fmt::format("baseline `{}` has no values", input.spec.baseline));
    }
    return;
  }
  flag_baseline(axis, input.spec.baseline, table);
  subtract_baseline(input, axis, all);
  mark_significance(input, all, table);
}

}  // namespace ktb::core
