#include "core/table/side_by_side.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "core/table/parts.hpp"

namespace ktb::core {
namespace {

using Places = std::vector<std::optional<std::size_t>>;

bool same(const Column& a, const Column& b) {
  return a.kind == b.kind && a.metric == b.metric && a.heads == b.heads;
}

bool same(const Row& a, const Row& b) { return a.kind == b.kind && a.labels == b.labels; }

/// Where each of these is among the others.
template <class Part>
Places places_of(const std::vector<Part>& parts, const std::vector<Part>& others) {
  Places places;
  for (const Part& part : parts) {
    const auto found = std::find_if(others.begin(), others.end(),
                                    [&](const Part& other) { return same(part, other); });
    places.push_back(found == others.end()
                         ? std::nullopt
                         : std::optional(static_cast<std::size_t>(found - others.begin())));
  }
  return places;
}

/// As in its table, but not compared with its baseline.
Entry alone(const Entry& entry) {
  Entry shown = entry;
  shown.difference.reset();
  return shown;
}

bool measured(const Entry& entry) { return !entry.values.empty() || entry.difference; }

double half_spread(const Entry& entry) { return std::abs(entry.high - entry.low) / 2; }

Entry less(const Entry& b, const Entry& a) {
  if (!measured(a) || !measured(b)) return {};
  const double difference = b.mean - a.mean;
  Entry shown =
      figure(with_sign(difference, digits_shown(a.value)), difference, difference, difference);
  if (std::abs(difference) > std::max(half_spread(a), half_spread(b))) shown.verdict = "differs";
  return shown;
}

/// Costs and counts have no spread to be compared with.
bool compared(const Column& column) {
  return column.kind == ColumnKind::kCells || column.kind == ColumnKind::kMean;
}

/// What a row has in the columns of both; where it is missing, nothing.
Row joined(const Row* a, const Row* b, const std::vector<Column>& columns, const Places& places) {
  Row row = a != nullptr ? *a : *b;
  row.entries.clear();
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (!places[i]) continue;
    const Entry first = a == nullptr ? Entry() : a->entries[i];
    const Entry second = b == nullptr ? Entry() : b->entries[*places[i]];
    row.entries.insert(row.entries.end(), {alone(first), alone(second)});
    if (compared(columns[i])) row.entries.push_back(less(second, first));
  }
  return row;
}

void add_columns_of(const Column& column, Table& table) {
  const auto add = [&](const char* head, ColumnKind kind) {
    table.columns.push_back(column);
    table.columns.back().heads.push_back(head);
    table.columns.back().kind = kind;
  };
  add("A", column.kind);
  add("B", column.kind);
  if (compared(column)) add("B - A", ColumnKind::kDifference);
}

void add_missing(std::vector<std::string>& to, const std::vector<std::string>& from) {
  for (const std::string& text : from)
    if (std::count(to.begin(), to.end(), text) == 0) to.push_back(text);
}

void note_lonely(const std::vector<Column>& columns, const Places& places, const char* owner,
                 Table& table) {
  for (std::size_t i = 0; i < columns.size(); ++i)
    if (!places[i])
      table.legend.push_back(
          fmt::format("only in {}: column {}", owner, fmt::join(columns[i].heads, ", ")));
}

}  // namespace

Table side_by_side(const Table& a, const Table& b) {
  Table table = a;
  table.columns.clear();
  table.rows.clear();
  table.ranking.reset();
  table.differences = false;
  const Places columns = places_of(a.columns, b.columns), rows = places_of(a.rows, b.rows);
  for (std::size_t i = 0; i < columns.size(); ++i)
    if (columns[i]) add_columns_of(a.columns[i], table);
  for (std::size_t i = 0; i < rows.size(); ++i)
    table.rows.push_back(
        joined(&a.rows[i], rows[i] ? &b.rows[*rows[i]] : nullptr, a.columns, columns));
  const Places others = places_of(b.rows, a.rows);
  for (std::size_t i = 0; i < others.size(); ++i)
    if (!others[i]) table.rows.push_back(joined(nullptr, &b.rows[i], a.columns, columns));
  add_missing(table.legend, b.legend);
  add_missing(table.footnotes, b.footnotes);
  if (std::any_of(table.columns.begin(), table.columns.end(),
                  [](const Column& column) { return column.kind == ColumnKind::kDifference; }))
    table.legend.push_back(
        "differs: the means are further apart than the larger of the two spreads");
  note_lonely(a.columns, columns, "A", table);
  note_lonely(b.columns, places_of(b.columns, a.columns), "B", table);
  if (a.caption != b.caption)
    table.legend.push_back(fmt::format("B: {}", fmt::join(b.caption, ", ")));
  return table;
}

std::vector<Table> side_by_side(const std::vector<Table>& a, const std::vector<Table>& b) {
  std::vector<Table> both;
  for (const Table& table : a)
    for (const Table& other : b)
      if (table.name == other.name) both.push_back(side_by_side(table, other));
  return both;
}

}  // namespace ktb::core
