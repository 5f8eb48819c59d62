#pragma once
#include <set>
#include <string>
#include <vector>

#include "core/table/table.hpp"

/// The steps of build_table, each in a file of its own.
namespace ktb::core {

struct TableInput {
  const Plan& plan;
  const TableSpec& spec;
  const Outcomes& outcomes;
  const std::optional<Published>& published;
  std::vector<std::string> metrics;                       ///< at least one
  std::map<std::string, std::vector<std::string>> needs;  ///< trial -> those that made its sources
};

/// A place of the grid: the cell itself, or the candidates of which a derived row takes the best.
struct Slot {
  std::vector<const Cell*> candidates;
  bool derived = false;
};

/// Row by column, null where the suite asks for nothing.
struct Grid {
  std::vector<Row> rows;
  std::vector<Column> columns;
  std::vector<std::vector<Slot>> places;  ///< per row, per column
};

/// table_grid.cpp: which cell stands where, in the suite's order.
Grid make_grid(const TableInput& input);
std::string axis_label(const Plan& plan, const std::string& axis, const std::string& value);

/// Where the suite names no metric, a column has that of its own task, and says so if they differ.
void choose_metrics(const TableInput& input, Grid& grid);

/// table_entry.cpp: what the records say about one place.
Entry make_entry(const TableInput& input, const Slot& place, const std::string& metric);
/// Mean, spread and their text from `entry.values`.
void summarise(Entry& entry, const std::string& metric, const TableSpec& spec);
/// The trial that stands for a sample: of a tuned one, the candidate with the best mean validation
/// over all samples.
std::vector<std::string> chosen_trials(const TableInput& input, const Cell& cell);
/// The cell of a place, or the best of a derived one; null where none can be named yet.
const Cell* chosen_cell(const TableInput& input, const Slot& place);

/// table_published.cpp: a row of the literature's numbers beside ours, blank where there are none.
Row published_row(const TableInput& input, const std::vector<Slot>& places, const Row& ours,
                  const Grid& grid);
Row published_source_row(const TableInput& input, const Grid& grid, const Table& table);

/// table_extra.cpp: mean, seed and cost columns; source and chance rows; notes on rows.
/// A note that every entry of the row carries stands at its label, once.
void hoist_notes(Row& row);
void add_columns(const TableInput& input, const Grid& grid, Table& table);
void add_rows(const TableInput& input, const Grid& grid, Table& table);
void note_rows(const TableInput& input, const Grid& grid, Table& table);

/// table_marks.cpp: differences to the baseline, ties with the best, significance, and their
/// legend.
void compare_entries(const TableInput& input, Table& table);

/// table_difference.cpp: in the place of values the differences to the baseline's row.
void show_differences(Table& table);

/// table_caption.cpp
std::vector<std::string> make_caption(const TableInput& input, const Grid& grid);
/// Legend of the symbols that occur, and footnotes in the order of reading.
void finish_notes(Table& table);

}  // namespace ktb::core
