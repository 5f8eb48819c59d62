#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>
#include <sstream>

#include "core/table/parts.hpp"

namespace ktb::core {
namespace {

/// `explore, exploit`: what a tuned cell's candidates set.
std::string tuned_options(const Cell& cell) {
  std::set<std::string> options;
  if (cell.candidates.empty()) return "";
  std::istringstream settings(cell.candidates.front());
  for (std::string setting; std::getline(settings >> std::ws, setting, ',');) {
    options.insert(setting.substr(0, setting.find(" = ")));
  }
  return fmt::format("{}", fmt::join(options, ", "));
}

/// The tuned cell that stands in a place; null where none does.
const Cell* tuned_cell(const TableInput& input, const Slot& place) {
  const Cell* cell = chosen_cell(input, place);
  return cell != nullptr && is_tuned(*cell) ? cell : nullptr;
}

/// How the row's values came about: one note at its label where the same value was picked
/// everywhere, else each entry names its own.
void note_tuning(const TableInput& input, const std::vector<Slot>& places, Row& row) {
  const Cell* tuned = nullptr;
  std::map<std::size_t, std::string> values;  // by place
  std::set<std::string> different;
  bool judged = true;
  for (std::size_t i = 0; i < places.size(); ++i) {
    const Cell* cell = tuned_cell(input, places[i]);
    if (cell == nullptr) continue;
    tuned = cell;
    const Pick picked = picked_value(input, *cell);
    judged = judged && (picked.open || picked.validation);
    different.insert(values[i] = picked.open ? "" : words_of(picked, *cell));
  }
  if (tuned == nullptr) return;
  const bool one = different.size() == 1 && !different.begin()->empty();
  row.notes.push_back(fmt::format("{}: {}{} values, {} extra trials",
                                  one ? *different.begin() : tuned_options(*tuned),
                                  judged ? "picked on validation from " : "",
                                  tuned->candidates.size(), further_trials(input, places).size()));
  if (one) return;
  for (const auto& [place, value] : values) {
    if (!value.empty()) row.entries[place].notes.push_back(value);
  }
}

void note_symbols(Table& table) {
  bool running = false, pending = false;
  for (const Row& row : table.rows) {
    for (const Entry& entry : row.entries) {
      running = running || entry.state == State::kRunning;
      pending = pending || entry.state == State::kPending;
    }
  }
  if (running) table.legend.push_back("… at work");
  if (pending) table.legend.push_back("· not run yet");
}

}  // namespace

void hoist_notes(Row& row) {
  std::vector<std::string> common;
  for (const Entry& entry : row.entries) {
    if (entry.state == State::kBlank || entry.notes.empty()) continue;
    common = entry.notes;
    break;
  }
  for (const std::string& note : common) {
    const auto carries = [&](const Entry& entry) {
      const bool figure = entry.state == State::kFixed && entry.verdict.empty();
      return entry.state == State::kBlank || figure ||
             std::count(entry.notes.begin(), entry.notes.end(), note) > 0;
    };
    if (!std::all_of(row.entries.begin(), row.entries.end(), carries)) continue;
    row.notes.push_back(note);
    for (Entry& entry : row.entries) std::erase(entry.notes, note);
  }
}

void note_rows(const TableInput& input, const Grid& grid, Table& table) {
  for (std::size_t i = 0; i < grid.rows.size(); ++i) {
    Row& row = table.rows[i];
    if (row.kind == RowKind::kDerived) hoist_notes(row);
    note_tuning(input, grid.places[i], row);
    const std::vector<const Result*> results = results_of(input, grid.places[i]);
    const bool peeked = std::any_of(results.begin(), results.end(), [](const Result* result) {
      return result->making->selected.value("rule", "") == "best-test";
    });
    if (peeked)
      row.notes.push_back("the epoch was picked on the test split (best-test): optimistic");
  }
}

void finish_notes(Table& table) {
  note_symbols(table);
  const auto add = [&](const std::vector<std::string>& notes) {
    for (const std::string& note : notes) {
      if (std::count(table.footnotes.begin(), table.footnotes.end(), note) == 0) {
        table.footnotes.push_back(note);
      }
    }
  };
  for (const Row& row : table.rows) {
    add(row.notes);
    for (const Entry& entry : row.entries) add(entry.notes);
  }
}

}  // namespace ktb::core
