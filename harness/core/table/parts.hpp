#pragma once
#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/table/build_table.hpp"
#include "core/table/pick.hpp"

/// The steps of build_table, each in a file of its own.
namespace ktb::core {

struct TableInput {
  const Plan& plan;
  const TableSpec& spec;
  const Outcomes& outcomes;
  const std::optional<Published>& published;
  std::vector<std::string> metrics;  ///< at least one
  /// Trial -> those that made its sources.
  std::unordered_map<std::string_view, const std::vector<std::string>*> needs;
  /// Trial -> how its record differs from what the plan wants: core/store/accept.
  std::map<std::string, std::string> accepted;
  /// Trial -> the first thing that it needs and this machine lacks.
  std::map<std::string, std::string> lacks;

  bool wants(const std::string& extra) const {
    return std::count(spec.extra.begin(), spec.extra.end(), extra) > 0;
  }
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

// grid.cpp

/// Which cell stands where, in the suite's order.
Grid make_grid(const TableInput& input);
std::string axis_label(const Plan& plan, const std::string& axis, const std::string& value);
/// Where the suite names no metric, a column has that of its own task, and says so if they differ.
void choose_metrics(const TableInput& input, Grid& grid);

// chosen.cpp

/// The value of a tuned cell, by what this table picks by.
Pick picked_value(const TableInput& input, const Cell& cell);
/// The best of the candidates of a place by their means over seeds, and what it was picked from.
struct Choice {
  const Cell* best = nullptr;
  std::size_t of = 0, without = 0;
  bool on_validation = false, open = false;
};
Choice choose(const TableInput& input, const Slot& place);
/// The trial that stands for a sample: of a tuned one, the candidate with the best mean validation
/// over all samples.
Trials chosen_trials(const TableInput& input, const Cell& cell);
/// The cell of a place, or the best of a derived one; null where none can be named yet.
const Cell* chosen_cell(const TableInput& input, const Slot& place);
/// Results behind a row, the chosen ones of tuned and derived cells.
std::vector<const Result*> results_of(const TableInput& input, const std::vector<Slot>& places);
/// All trials spent on picking a tuned option's value or the best of a derived row,
/// past the chosen ones.
std::set<std::string> further_trials(const TableInput& input, const std::vector<Slot>& places);

// entry.cpp

/// What the records say about one place.
Entry make_entry(const TableInput& input, const Slot& place, const std::string& metric);
/// Mean, spread and their text from `entry.values`.
void summarise(Entry& entry, const std::string& metric, const TableSpec& spec);
/// A figure without seeds: words, or a number, of which `low` and `high` are the ends where it is a
/// mean of several.
Entry figure(const std::string& text);
Entry figure(const std::string& text, double mean, double low, double high);
/// `-0.04` with one digit is `0.0`; NaN is `nan`.
std::string fixed(double value, int digits);
/// The same with a plus where it is above 0.
std::string with_sign(double value, int digits);
/// Digits after the first point of a shown number.
int digits_shown(const std::string& text);
/// Digits after the point of a metric in this table.
int digits_of(const std::string& metric, const TableSpec& spec);

/// columns.cpp: mean, seeds and cost, to the right of the cells.
void add_columns(const TableInput& input, const Grid& grid, Table& table);

/// rows.cpp: chance, sources and the literature's numbers, above and between the cells.
void add_rows(const TableInput& input, const Grid& grid, Table& table);

// accepted.cpp

/// Notes on entries that rest on records of another build, reused on request.
void note_accepted(const TableInput& input, const Grid& grid, Table& table);
/// Of one trial; empty: its record is its own.
std::string accepted_note(const TableInput& input, const std::string& trial);
/// Those among a table's footnotes.
std::vector<std::string> accepted_notes(const Table& table);

// compare.cpp

/// The level of all tests and marks.
constexpr double kAlpha = 0.05;

/// An entry that can be compared, with its coordinates on both sides of the table.
struct Contestant {
  Entry* entry;
  Axes at;
  std::string metric;
  bool mean;  ///< over columns

  /// Only entries of one group are compared.
  std::string group() const { return metric + (mean ? "/mean" : ""); }
};
std::vector<Contestant> contestants(Table& table);
/// First less second over the seeds that both have, with the interval that the table asks for and
/// the p of a test on samples; none: there is no such seed.
std::optional<Difference> difference_between(const TableInput& input, const Contestant& first,
                                             const Contestant& second);
/// The same with the p of a test over seeds, too, which is what the marks of a baseline rest on.
std::optional<Difference> tested_difference(const TableInput& input, const Contestant& first,
                                            const Contestant& second);
/// Whether it is complete and has what the table's test compares: two seeds, or stored samples.
bool can_be_tested(const TableInput& input, const Contestant& one);
bool told_apart(const TableInput& input, const Difference& difference);

/// marks.cpp: differences to the baseline, the best and ties with it, significance, their legend.
void compare_entries(const TableInput& input, Table& table);

// ranks.cpp

/// A column with each row's mean rank over the columns, if the suite wants it, and Friedman's test
/// of the rows; what it says, for the legend.
std::string add_ranks(const TableInput& input, Table& table);

/// controls.cpp: a gain that a source brings which knows nothing is no transfer; its entry says so.
void note_controls(const TableInput& input, Table& table);

/// verdicts.cpp: in the place of everything else the suite's claims, with what was seen of them.
void show_verdicts(const TableInput& input, Table& table);

/// difference.cpp: in the place of values the differences to the baseline's row.
void show_differences(Table& table);

/// caption.cpp: what the cells have in common, as a line, as sentences, and where they come from.
void add_caption(const TableInput& input, const Grid& grid, Table& table);

// notes.cpp

/// What stands at a row's label: how it was tuned, what was picked on the test split.
void note_rows(const TableInput& input, const Grid& grid, Table& table);
/// A note that every entry of the row carries stands at its label, once.
void hoist_notes(Row& row);
/// Legend of the symbols that occur, and footnotes in the order of reading.
void finish_notes(Table& table);

}  // namespace ktb::core
