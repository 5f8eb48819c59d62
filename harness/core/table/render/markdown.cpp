#include "core/table/render/markdown.hpp"

#include "core/base/output/escape.hpp"
#include "core/table/render/shown.hpp"

namespace ktb::core {
namespace {

std::string superscript(const std::string& letters) {
  return letters.empty() ? "" : "<sup>" + letters + "</sup>";
}

std::string cell_of(const Entry& entry, const Table& table) {
  const Shown parts = shown(entry, table);
  std::string text = markdown_text(parts.main);
  if (!parts.spread.empty()) text += (table.interval ? " " : " ± ") + markdown_text(parts.spread);
  for (const std::string* part : {&parts.marks, &parts.count, &parts.verdict}) {
    if (!part->empty()) text += " " + markdown_text(*part);
  }
  return text + superscript(parts.letters);
}

std::string line_of(const std::vector<std::string>& cells) {
  std::string line = "|";
  for (const std::string& cell : cells) line += " " + cell + " |";
  return line + "\n";
}

std::vector<std::string> label_cells(const Table& table, const Row& row) {
  std::vector<std::string> cells;
  for (const std::string& label : row.labels) cells.push_back(markdown_text(label));
  if (cells.empty()) return cells;
  if (row.baseline) cells.back() += " (baseline)";
  cells.back() += superscript(table.letters(row.notes));
  return cells;
}

}  // namespace

std::string render_markdown(const Table& table) {
  std::string text = "**" + markdown_text(headline(table)) + "**\n\n";
  std::vector<std::string> heads, rules;
  const std::size_t axes = table.rows.empty() ? 1 : table.rows.front().labels.size();
  for (std::size_t axis = 0; axis < axes; ++axis) {
    heads.push_back(markdown_text(row_head(table, axis)));
    rules.emplace_back("---");
  }
  for (const Column& column : table.columns) {
    heads.push_back(markdown_text(column_head(column)));
    rules.emplace_back("---:");
  }
  text += line_of(heads) + line_of(rules);
  for (const Row& row : table.rows) {
    std::vector<std::string> cells = label_cells(table, row);
    for (const Entry& entry : row.entries) cells.push_back(cell_of(entry, table));
    text += line_of(cells);
  }
  if (!table.legend.empty() || !table.footnotes.empty()) text += "\n";
  for (const std::string& line : table.legend) text += "- " + markdown_text(line) + "\n";
  for (const std::string& note : table.footnotes) {
    text += "- " + superscript(table.letters({note})) + " " + markdown_text(note) + "\n";
  }
  return text;
}

}  // namespace ktb::core
