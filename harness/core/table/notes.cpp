#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <sstream>

#include "core/table/parts.hpp"

namespace ktb::core {
namespace {

/// `explore: 3 values`; empty where nothing was tuned.
std::string tuning_of(const std::vector<Slot>& places) {
  for (const Slot& place : places) {
    for (const Cell* cell : place.candidates) {
      if (cell->candidates.size() < 2) continue;
      std::set<std::string> options;
      std::istringstream settings(cell->candidates.front());
      for (std::string setting; std::getline(settings >> std::ws, setting, ',');) {
        options.insert(setting.substr(0, setting.find(" = ")));
      }
      return fmt::format("{}: {} values", fmt::join(options, ", "), cell->candidates.size());
    }
  }
  return "";
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
    if (const std::string tuned = tuning_of(grid.places[i]); !tuned.empty()) {
      row.notes.push_back(fmt::format("{}, picked on validation, {} extra trials", tuned,
                                      further_trials(input, grid.places[i]).size()));
    }
    const std::vector<const Record*> records = records_of(input, grid.places[i]);
    const bool peeked = std::any_of(records.begin(), records.end(), [](const Record* record) {
      return record->selected.value("rule", "") == "best-test";
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
