#include <fmt/format.h>

#include <set>

#include "core/table/parts.hpp"

namespace ktb::core {
namespace {

constexpr auto kAccepted = "accepted: ";

/// Trials of a cell, those that were tried in vain included, and all that they were made from.
void add_notes(const TableInput& input, const Cell& cell, std::set<std::string>& notes) {
  for (const Sample& sample : cell.samples) {
    std::vector<std::string> own = sample.tuning;
    own.push_back(sample.trial);
    for (const auto& trial : own)
      if (const auto note = accepted_note(input, trial); !note.empty()) notes.insert(note);
    for (const auto& trial : sample.sources) {
      const auto found = input.accepted.find(trial);
      if (found == input.accepted.end()) continue;
      if (!notes.contains(kAccepted + found->second))
        notes.insert(fmt::format("{}its source was {}", kAccepted, found->second));
    }
  }
}

}  // namespace

std::string accepted_note(const TableInput& input, const std::string& trial) {
  const auto found = input.accepted.find(trial);
  return found == input.accepted.end() ? "" : kAccepted + found->second;
}

void note_accepted(const TableInput& input, const Grid& grid, Table& table) {
  if (input.accepted.empty()) return;
  for (std::size_t i = 0; i < grid.rows.size(); ++i)
    for (std::size_t j = 0; j < grid.columns.size(); ++j) {
      Entry& entry = table.rows[i].entries[j];
      if (entry.values.empty()) continue;
      std::set<std::string> notes;
      for (const Cell* cell : grid.places[i][j].candidates) add_notes(input, *cell, notes);
      entry.notes.insert(entry.notes.end(), notes.begin(), notes.end());
    }
}

std::vector<std::string> accepted_notes(const Table& table) {
  std::vector<std::string> notes;
  for (const auto& note : table.footnotes)
    if (note.starts_with(kAccepted)) notes.push_back(note);
  return notes;
}

}  // namespace ktb::core
