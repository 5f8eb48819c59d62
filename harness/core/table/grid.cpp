#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <set>
#include <utility>

#include "core/base/error.hpp"
#include "core/base/glob.hpp"
#include "core/score/metrics.hpp"
#include "core/table/parts.hpp"

namespace ktb::core {
namespace {

constexpr double kUnordered = 1e6;

using Values = std::vector<std::string>;

std::string axis_of(const Cell& cell, const std::string& axis) {
  const auto found = cell.axes.find(axis);
  return found == cell.axes.end() ? std::string() : found->second;
}

bool belongs(const Cell& cell, const TableSpec& spec) {
  return std::all_of(spec.where.begin(), spec.where.end(), [&](const auto& condition) {
    return glob_any(condition.second, axis_of(cell, condition.first));
  });
}

bool is_axis(const TableSpec& spec, const std::string& axis) {
  return std::count(spec.rows.begin(), spec.rows.end(), axis) +
             std::count(spec.cols.begin(), spec.cols.end(), axis) >
         0;
}

/// The values of one side's axes, each seen for the first time, and their order.
class Side {
 public:
  Side(const TableInput& input, const std::vector<std::string>& axes)
      : input_(input), axes_(axes) {}

  Values values(const Cell& cell, const Derived* derived) const {
    Values values;
    for (const std::string& axis : axes_) {
      if (derived != nullptr && axis == "method") {
        values.push_back(derived->name);
      } else if (derived != nullptr && axis == derived->over) {
        values.emplace_back();
      } else {
        values.push_back(axis_of(cell, axis));
      }
    }
    return values;
  }

  std::size_t index(const Values& values) {
    const auto [found, added] = index_.emplace(values, seen_.size());
    if (added) seen_.push_back(values);
    return found->second;
  }

  /// Indices in the order in which the suite names the values.
  std::vector<std::size_t> sorted() const {
    std::vector<std::pair<std::vector<double>, std::size_t>> keys;
    for (std::size_t i = 0; i < seen_.size(); ++i) {
      std::vector<double> key;
      for (std::size_t axis = 0; axis < axes_.size(); ++axis) {
        key.push_back(position(axes_[axis], seen_[i][axis], i));
      }
      keys.emplace_back(std::move(key), i);
    }
    std::sort(keys.begin(), keys.end());
    std::vector<std::size_t> order;
    for (const auto& key : keys) order.push_back(key.second);
    return order;
  }

  Axes axes(std::size_t index) const {
    Axes axes;
    for (std::size_t i = 0; i < axes_.size(); ++i) axes[axes_[i]] = seen_[index][i];
    return axes;
  }

  std::vector<std::string> labels(std::size_t index) const {
    std::vector<std::string> labels;
    for (std::size_t i = 0; i < axes_.size(); ++i) {
      labels.push_back(axis_label(input_.plan, axes_[i], seen_[index][i]));
    }
    return labels;
  }

 private:
  double position(const std::string& axis, const std::string& value, std::size_t first_seen) const {
    const auto order = input_.plan.order.find(axis);
    if (order != input_.plan.order.end()) {
      const Values& known = order->second;
      const auto place = [&](const std::string& wanted) {
        return std::find(known.begin(), known.end(), wanted) - known.begin();
      };
      if (const auto at = place(value); at != std::ssize(known)) return static_cast<double>(at);
      // a derived row stands behind the method that it is made of
      for (const Derived& derived : input_.spec.derive) {
        if (axis == "method" && derived.name == value) {
          return static_cast<double>(place(derived.method)) + 0.5;
        }
      }
    }
    return kUnordered + static_cast<double>(first_seen);
  }

  const TableInput& input_;
  const std::vector<std::string>& axes_;
  std::map<Values, std::size_t> index_;
  std::vector<Values> seen_;
};

bool same_trials(const Cell& a, const Cell& b) {
  std::map<std::uint64_t, std::string> left, right;
  for (const Sample& sample : a.samples) left[sample.seed] = sample.trial;
  for (const Sample& sample : b.samples) right[sample.seed] = sample.trial;
  return left == right && a.hole.empty() == b.hole.empty();
}

void put(const TableInput& input, Slot& place, const Cell& cell) {
  if (place.derived || place.candidates.empty()) {
    place.candidates.push_back(&cell);
    return;
  }
  const Cell& other = *place.candidates.front();
  if (same_trials(other, cell)) return;
  std::string axes, at;
  for (const auto& [axis, value] : cell.axes) {
    if (axis_of(other, axis) != value) {
      axes +=
          fmt::format("{}{} ({}, {})", axes.empty() ? "" : ", ", axis, axis_of(other, axis), value);
    }
    if (is_axis(input.spec, axis)) at += fmt::format("{}{}", at.empty() ? "" : ", ", value);
  }
  throw Error(fmt::format(
      "table `{}`: two cells fall on the entry ({}); they differ in {}. Add that axis to `rows` or "
      "`cols`, or choose one value with `where`",
      input.spec.name, at, axes.empty() ? "their options" : axes));
}

struct Placed {
  std::size_t row, column;
  const Cell* cell;
  bool derived;
};

std::vector<Placed> place_cells(const TableInput& input, Side& rows, Side& columns) {
  std::vector<Placed> placed;
  const auto add = [&](const Cell& cell, const Derived* derived) {
    placed.push_back({rows.index(rows.values(cell, derived)),
                      columns.index(columns.values(cell, derived)), &cell, derived != nullptr});
  };
  for (const Cell& cell : input.plan.cells) {
    if (!belongs(cell, input.spec)) continue;
    bool consumed = false;
    for (const Derived& derived : input.spec.derive) {
      if (axis_of(cell, "method") != derived.method) continue;
      add(cell, &derived);
      consumed = consumed || !is_axis(input.spec, derived.over);
    }
    if (!consumed) add(cell, nullptr);
  }
  return placed;
}

std::string percent_of_labels(const std::string& value) {
  double share = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), share);
  if (error != std::errc() || end != value.data() + value.size()) return value;
  return share <= 1 ? fmt::format("{:g} %", share * 100) : fmt::format("{:g} labels", share);
}

}  // namespace

std::string axis_label(const Plan& plan, const std::string& axis, const std::string& value) {
  const auto known = plan.labels.find(value);
  if (known != plan.labels.end()) return known->second;
  if (axis == "labels") return percent_of_labels(value);
  if (axis == "method") {
    std::string spaced = value;
    if (plan.order.count("method") > 0) {
      const auto& methods = plan.order.at("method");
      const bool derived = std::find(methods.begin(), methods.end(), value) == methods.end();
      if (derived) std::replace(spaced.begin(), spaced.end(), '_', ' ');
    }
    return spaced;
  }
  if (axis != "pair") return value;
  std::string label, word;
  const auto flush = [&] {
    const auto part = plan.labels.find(word);
    label += part == plan.labels.end() ? word : part->second;
    word.clear();
  };
  for (const char c : value) {
    if (c == ' ' || c == '@') {
      flush();
      label += c;
    } else {
      word += c;
    }
  }
  flush();
  return label;
}

Grid make_grid(const TableInput& input) {
  Side rows(input, input.spec.rows), columns(input, input.spec.cols);
  std::vector<Placed> placed = place_cells(input, rows, columns);
  const std::vector<std::size_t> row_order = rows.sorted(), column_order = columns.sorted();
  Grid grid;
  std::vector<std::size_t> row_at(row_order.size()), column_at(column_order.size());
  for (const std::size_t row : row_order) {
    row_at[row] = grid.rows.size();
    Row& added = grid.rows.emplace_back();
    added.axes = rows.axes(row);
    added.labels = rows.labels(row);
  }
  for (const std::size_t column : column_order) {
    column_at[column] = grid.columns.size();
    for (const std::string& metric : input.metrics) {
      Column head;
      head.axes = columns.axes(column);
      head.metric = metric;
      head.heads = columns.labels(column);
      if (input.metrics.size() > 1 || head.heads.empty()) {
        head.heads.push_back(metric_info(metric).label());
      }
      grid.columns.push_back(std::move(head));
    }
  }
  grid.places.assign(grid.rows.size(), std::vector<Slot>(grid.columns.size()));
  for (const Placed& one : placed) {
    if (one.derived) grid.rows[row_at[one.row]].kind = RowKind::kDerived;
    for (std::size_t metric = 0; metric < input.metrics.size(); ++metric) {
      Slot& place = grid.places[row_at[one.row]][column_at[one.column] + metric];
      place.derived = one.derived;
      put(input, place, *one.cell);
    }
  }
  return grid;
}

void choose_metrics(const TableInput& input, Grid& grid) {
  if (!input.spec.shown().empty()) return;
  std::set<std::string> used;
  for (std::size_t column = 0; column < grid.columns.size(); ++column) {
    for (const auto& places : grid.places) {
      const Cell* cell = chosen_cell(input, places[column]);
      const std::string own = cell == nullptr ? "" : own_metric(input.plan, *cell, input.outcomes);
      if (own.empty()) continue;
      grid.columns[column].metric = own;
      break;
    }
    used.insert(grid.columns[column].metric);
  }
  if (used.size() < 2) return;
  for (Column& column : grid.columns) column.heads.push_back(metric_info(column.metric).label());
}

}  // namespace ktb::core
