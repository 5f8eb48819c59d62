#include "core/plan/check_tables.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "core/base/glob.hpp"
#include "core/base/suggest.hpp"
#include "core/plan/expand.hpp"
#include "core/score/metrics.hpp"

namespace ktb::core {
namespace {

using At = Document::At;

std::string axis_of(const Cell& cell, const std::string& axis) {
  const auto found = cell.axes.find(axis);
  return found == cell.axes.end() ? "" : found->second;
}

/// Cells of several grids, or of a method that takes no source, can be the same trials.
bool same_trials(const Cell& a, const Cell& b) {
  if (!a.hole.empty() || !b.hole.empty() || a.samples.size() != b.samples.size()) return false;
  for (std::size_t i = 0; i < a.samples.size(); ++i) {
    if (a.samples[i].trial != b.samples[i].trial) return false;
  }
  return true;
}

using Tasks = std::map<std::string, TaskAnswer>;

class TableCheck {
 public:
  TableCheck(const Suite& suite, const TableSpec& table, const std::vector<Cell>& cells,
             const Tasks& tasks)
      : suite_(suite), table_(table), tasks_(tasks), path_("table." + table.name) {
    for (const auto& cell : cells) {
      if (matches(cell.axes, table.where)) chosen_.push_back(&cell);
    }
    check_where(cells);
    if (chosen_.empty())
      suite_.text.fail(path_, At::kKey, fmt::format("[{}] has no cell to show", path_));
    check_derived();
    check_entries();
    check_baseline();
    check_metrics();
    for (std::size_t i = 0; i < table.claims.size(); ++i)
      check_claim(table.claims[i], fmt::format("{}.claims.{}", path_, i));
  }

 private:
  void check_where(const std::vector<Cell>& cells) const {
    for (const auto& [axis, patterns] : table_.where) {
      std::set<std::string> known;
      for (const auto& cell : cells) {
        if (cell.axes.count(axis)) known.insert(axis_of(cell, axis));
      }
      for (const auto& pattern : patterns)
        check_pattern(axis, pattern, {known.begin(), known.end()});
    }
  }

  void check_pattern(const std::string& axis, const std::string& pattern,
                     const std::vector<std::string>& known) const {
    const bool found = std::any_of(known.begin(), known.end(), [&](const std::string& value) {
      return glob_match(pattern, value);
    });
    if (found) return;
    suite_.text.fail(path_ + ".where." + axis, At::kValue,
                     fmt::format("[{}] asks for {} `{}`, which no cell has{}", path_, axis, pattern,
                                 did_you_mean(pattern, known)),
                     fmt::format("there are: {}", fmt::join(known, ", ")));
  }

  /// The values of an axis that this table's cells have, each once.
  std::vector<std::string> values(const std::string& axis) const {
    std::set<std::string> all;
    for (const Cell* cell : chosen_) all.insert(axis_of(*cell, axis));
    return {all.begin(), all.end()};
  }

  void check_derived() const {
    const auto methods = values("method");
    for (const auto& row : table_.derive) {
      if (std::count(methods.begin(), methods.end(), row.method)) continue;
      suite_.text.fail(path_ + ".derive." + row.name + ".method", At::kValue,
                       fmt::format("row `{}` would be empty: no cell here has method `{}`{}",
                                   row.name, row.method, did_you_mean(row.method, methods)),
                       fmt::format("there are: {}", fmt::join(methods, ", ")));
    }
  }

  /// What is recorded on each data set that the table shows; nothing where the task of one is not
  /// known, as its plugin or its files are missing.
  std::map<std::string, std::vector<std::string>> recorded() const {
    std::map<std::string, std::vector<std::string>> all;
    for (const Cell* cell : chosen_) {
      const std::string dataset = axis_of(*cell, "dataset");
      const auto task = tasks_.find(dataset);
      if (task == tasks_.end()) return {};
      all[dataset] = metrics_of(task->second.kind, task->second.outputs, task->second.categorical);
      if (all[dataset].empty()) return {};
    }
    return all;
  }

  /// Every metric is one of a task here, and every task has one.
  void check_metrics() const {
    const auto all = recorded();
    if (all.empty() || table_.metrics.empty()) return;
    const auto has = [](const std::vector<std::string>& metrics, const std::string& metric) {
      return std::count(metrics.begin(), metrics.end(), metric) > 0;
    };
    for (std::size_t i = 0; i < table_.metrics.size(); ++i) {
      const bool found = std::any_of(all.begin(), all.end(), [&](const auto& one) {
        return has(one.second, table_.metrics[i]);
      });
      if (!found) no_metric(i, all);
    }
    for (const auto& [dataset, metrics] : all) {
      const bool found =
          std::any_of(table_.metrics.begin(), table_.metrics.end(),
                      [&, &own = metrics](const std::string& metric) { return has(own, metric); });
      if (found || !table_.figures.empty()) continue;
      suite_.text.fail(path_ + ".metrics", At::kKey,
                       fmt::format("[{}] has no metric of `{}`", path_, dataset),
                       fmt::format("{}; without `metrics` each column has its task's own",
                                   task_of(dataset, metrics)));
    }
  }

  [[noreturn]] void no_metric(std::size_t index,
                              const std::map<std::string, std::vector<std::string>>& all) const {
    const std::string& metric = table_.metrics[index];
    std::vector<std::string> known;
    std::string tasks;
    for (const auto& [dataset, metrics] : all) {
      known.insert(known.end(), metrics.begin(), metrics.end());
      tasks += task_of(dataset, metrics) + "; ";
    }
    std::string near = did_you_mean(metric, known);
    if (near.empty() && all.size() == 1)
      near = fmt::format(" (did you mean its main one, `{}`?)", known.front());
    const Json* given = suite_.text.find(path_ + ".metrics");
    const bool list = given && given->is_array();
    suite_.text.fail(path_ + ".metrics" + (list ? "." + std::to_string(index) : ""), At::kValue,
                     fmt::format("[{}] asks for the metric `{}`, which is not recorded here{}",
                                 path_, metric, near),
                     tasks + "a figure of a method's own stands in `figures`");
  }

  /// `pics` (classification, 2 outputs) has top1, loss
  std::string task_of(const std::string& dataset, const std::vector<std::string>& metrics) const {
    const TaskAnswer& task = tasks_.at(dataset);
    return fmt::format("`{}` ({}, {} outputs) has {}", dataset, task.kind, task.outputs,
                       fmt::join(metrics, ", "));
  }

  /// A claim is about one entry of each of its rows.
  void check_claim(const Claim& claim, const std::string& path) const {
    for (const auto& [axis, value] : claim.where) {
      if (!std::count(table_.rows.begin(), table_.rows.end(), axis) &&
          !std::count(table_.cols.begin(), table_.cols.end(), axis))
        suite_.text.fail(path + "." + axis, At::kKey,
                         fmt::format("`{}` is no axis of this table", axis),
                         "put it into rows or cols");
      claim_word(path, axis, axis, value, values(axis));
    }
    std::vector<std::string> rows = values("method");
    for (const auto& row : table_.derive) rows.push_back(row.name);
    for (const auto& [key, method] :
         {std::pair<std::string, std::string>{"method", claim.method}, {"over", claim.over}}) {
      claim_word(path, key, "method", method, rows);
      const auto places = places_of(claim, method);
      if (places.size() == 1) continue;
      suite_.text.fail(
          path, At::kValue,
          places.empty()
              ? fmt::format("no cell here has method `{}` and what else this claim says", method)
              : fmt::format("method `{}` has {} entries here", method, places.size()),
          "a claim is about one entry: say pair = ..., dataset = ..., labels = ...");
    }
  }

  /// A claim's word is among those that the table has for this axis.
  void claim_word(const std::string& path, const std::string& key, const std::string& axis,
                  const std::string& value, const std::vector<std::string>& known) const {
    if (std::count(known.begin(), known.end(), value)) return;
    suite_.text.fail(
        path + "." + key, At::kValue,
        fmt::format("no cell here has {} `{}`{}", axis, value, did_you_mean(value, known)),
        fmt::format("there are: {}", fmt::join(known, ", ")));
  }

  std::set<std::vector<std::string>> places_of(const Claim& claim,
                                               const std::string& method) const {
    std::set<std::vector<std::string>> places;
    for (const Cell* cell : chosen_) {
      const Derived* row = consumer(*cell);
      const bool named = axis_of(*cell, "method") == method || (row && row->name == method);
      const bool here =
          std::all_of(claim.where.begin(), claim.where.end(), [&](const auto& wanted) {
            const bool taken_over = row && row->name == method && row->over == wanted.first;
            return taken_over || axis_of(*cell, wanted.first) == wanted.second;
          });
      if (!named || !here) continue;
      std::vector<std::string> place;
      for (const auto* axes : {&table_.rows, &table_.cols})
        for (const auto& axis : *axes)
          place.push_back(row && row->over == axis ? "" : axis_of(*cell, axis));
      places.insert(place);
    }
    return places;
  }

  const Derived* consumer(const Cell& cell) const {
    for (const auto& row : table_.derive) {
      if (axis_of(cell, "method") == row.method) return &row;
    }
    return nullptr;
  }

  /// The place of a cell in the table; a derived row keeps its `over` axis apart.
  std::vector<std::string> entry(const Cell& cell) const {
    std::vector<std::string> key;
    for (const auto& axis : table_.rows) key.push_back(axis_of(cell, axis));
    for (const auto& axis : table_.cols) key.push_back(axis_of(cell, axis));
    if (const Derived* row = consumer(cell)) {
      key.push_back(axis_of(cell, row->over));
      if (row->over == "source") key.push_back(axis_of(cell, "pair"));
    }
    return key;
  }

  void check_entries() const {
    std::map<std::vector<std::string>, const Cell*> entries;
    for (const Cell* cell : chosen_) {
      const auto [first, fresh] = entries.emplace(entry(*cell), cell);
      if (!fresh && !same_trials(*first->second, *cell)) left_over(*first->second, *cell);
    }
  }

  [[noreturn]] void left_over(const Cell& a, const Cell& b) const {
    std::vector<std::string> axes;
    for (const auto& [axis, value] : a.axes) {
      if (axis_of(b, axis) != value) axes.push_back(axis);
    }
    for (const auto& [axis, value] : b.axes) {
      if (!a.axes.count(axis)) axes.push_back(axis);
    }
    // `pair` says what `source` and `target` say,
    // and `grid` only where nothing else tells the two apart.
    if (axes.size() > 1) std::erase(axes, "grid");
    if (std::count(axes.begin(), axes.end(), "pair")) {
      std::erase(axes, "source");
      std::erase(axes, "target");
    }
    const std::string axis = axes.empty() ? "seeds" : axes.front();
    const std::string shown = axis.starts_with("option.") ? axis : "`" + axis + "`";
    suite_.text.fail(
        path_, At::kKey,
        fmt::format("[{}] has two cells in one entry: {} is left over", path_, shown),
        fmt::format(
            "{} {} and {}; add {} to rows or cols, pick one with where.{}, or derive over it", axis,
            axis_of(a, axis), axis_of(b, axis), axis, axis));
  }

  void check_baseline() const {
    if (table_.baseline.empty()) return;
    std::vector<std::string> known;
    for (const auto& row : table_.derive) known.push_back(row.name);
    for (const Cell* cell : chosen_) {
      for (const auto& axis : table_.rows) known.push_back(axis_of(*cell, axis));
    }
    if (std::count(known.begin(), known.end(), table_.baseline)) return;
    suite_.text.fail(
        path_ + ".baseline", At::kValue,
        fmt::format("[{}] has no row `{}` to be the baseline{}", path_, table_.baseline,
                    did_you_mean(table_.baseline, known)),
        fmt::format("rows: {}", fmt::join(std::set(known.begin(), known.end()), ", ")));
  }

  const Suite& suite_;
  const TableSpec& table_;
  const Tasks& tasks_;
  std::string path_;
  std::vector<const Cell*> chosen_;
};

}  // namespace

void check_tables(const Suite& suite, const std::vector<Cell>& cells,
                  const std::map<std::string, TaskAnswer>& tasks) {
  for (const auto& table : suite.tables) TableCheck(suite, table, cells, tasks);
}

}  // namespace ktb::core
