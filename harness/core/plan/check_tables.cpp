#include "core/plan/check_tables.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "core/base/glob.hpp"
#include "core/base/suggest.hpp"
#include "core/plan/expand.hpp"

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

class TableCheck {
 public:
  TableCheck(const Suite& suite, const TableSpec& table, const std::vector<Cell>& cells)
      : suite_(suite), table_(table), path_("table." + table.name) {
    for (const auto& cell : cells) {
      if (matches(cell.axes, table.where)) chosen_.push_back(&cell);
    }
    check_where(cells);
    if (chosen_.empty())
      suite_.text.fail(path_, At::kKey, fmt::format("[{}] has no cell to show", path_));
    check_derived();
    check_entries();
    check_baseline();
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

  void check_derived() const {
    for (const auto& row : table_.derive) {
      const bool found = std::any_of(chosen_.begin(), chosen_.end(), [&](const Cell* cell) {
        return axis_of(*cell, "method") == row.method;
      });
      if (found) continue;
      suite_.text.fail(path_ + ".derive." + row.name + ".method", At::kValue,
                       fmt::format("row `{}` would be empty: no cell here has method `{}`",
                                   row.name, row.method));
    }
  }

  /// A claim is about one entry of each of its rows.
  void check_claim(const Claim& claim, const std::string& path) const {
    for (const auto& [axis, value] : claim.where) {
      if (std::count(table_.rows.begin(), table_.rows.end(), axis) ||
          std::count(table_.cols.begin(), table_.cols.end(), axis))
        continue;
      suite_.text.fail(path + "." + axis, At::kKey,
                       fmt::format("`{}` is no axis of this table", axis),
                       "put it into rows or cols");
    }
    for (const auto& method : {claim.method, claim.over}) {
      const auto places = places_of(claim, method);
      if (places.size() == 1) continue;
      suite_.text.fail(path, At::kValue,
                       places.empty()
                           ? fmt::format("no cell here has method `{}`", method)
                           : fmt::format("method `{}` has {} entries here", method, places.size()),
                       "a claim is about one entry: say pair = ..., dataset = ..., labels = ...");
    }
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
    suite_.text.fail(path_ + ".baseline", At::kValue,
                     fmt::format("[{}] has no row `{}` to be the baseline{}", path_,
                                 table_.baseline, did_you_mean(table_.baseline, known)));
  }

  const Suite& suite_;
  const TableSpec& table_;
  std::string path_;
  std::vector<const Cell*> chosen_;
};

}  // namespace

void check_tables(const Suite& suite, const std::vector<Cell>& cells) {
  for (const auto& table : suite.tables) TableCheck(suite, table, cells);
}

}  // namespace ktb::core
