#include "core/table/render/shown.hpp"

#include <fmt/format.h>

#include "core/base/output/escape.hpp"
#include "core/base/utf8.hpp"

namespace ktb::core {

Shown shown(const Entry& entry, const Table& table) {
  Shown shown;
  shown.letters = table.letters(entry.notes);
  switch (entry.state) {
    case State::kBlank:
      return shown;
    case State::kFixed:
    case State::kComplete:
      shown.main = entry.value;
      shown.spread = entry.spread;
      break;
    case State::kPartial:
      shown.main = entry.value;
      break;
    case State::kRunning:
      shown.main = "…";
      break;
    case State::kPending:
      shown.main = "·";
      break;
    case State::kFailed:
    case State::kHole:
      shown.main = "-";
      break;
  }
  if (entry.state == State::kPartial || entry.state == State::kFailed) {
    shown.count = fmt::format("({}/{})", entry.values.size(), entry.wanted);
  }
  shown.marks = entry.mark == Mark::kBest ? "!" : entry.mark == Mark::kTied ? "=" : "";
  if (entry.significant) shown.marks += "*";
  shown.verdict = entry.verdict;
  return shown;
}

std::string headline(const Table& table) {
  std::string line = table.title;
  for (const std::string& part : table.caption) line += ", " + part;
  return line;
}

std::vector<std::string> lettered(const Table& table) {
  std::vector<std::string> lines;
  for (const std::string& note : table.footnotes) {
    lines.push_back(fmt::format("{} {}", table.letters({note}), note));
  }
  return lines;
}

namespace {

void to_lines(std::vector<std::string>& texts) {
  for (std::string& text : texts) text = one_line(text);
}

void to_lines(Entry& entry) {
  for (std::string* text : {&entry.value, &entry.spread, &entry.verdict}) *text = one_line(*text);
  to_lines(entry.notes);
}

}  // namespace

Table in_lines(Table table) {
  table.title = one_line(table.title);
  for (auto* texts : {&table.caption, &table.row_axes, &table.legend, &table.footnotes})
    to_lines(*texts);
  for (Column& column : table.columns) to_lines(column.heads);
  for (Row& row : table.rows) {
    to_lines(row.labels);
    to_lines(row.notes);
    for (Entry& entry : row.entries) to_lines(entry);
  }
  return table;
}

std::string row_head(const Table& table, std::size_t axis) {
  return axis < table.row_axes.size() ? table.row_axes[axis] : "";
}

std::vector<std::string> pair_lines(const std::string& head) {
  constexpr std::size_t kWide = 12;
  const auto arrow = head.find(" -> ");
  if (arrow == std::string::npos || display_width(head) <= kWide) return {head};
  return {head.substr(0, arrow + 3), head.substr(arrow + 4)};
}

std::string column_head(const Column& column) {
  std::string head;
  for (const std::string& part : column.heads) {
    if (!part.empty()) head += (head.empty() ? "" : ", ") + part;
  }
  return head + (column.baseline ? " (baseline)" : "");
}

}  // namespace ktb::core
