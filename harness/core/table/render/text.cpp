#include "core/table/render/text.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "core/base/utf8.hpp"
#include "core/table/render/shown.hpp"

namespace ktb::core {
namespace {

const std::string kGap = "  ";

/// Numbers end at one column of the screen; marks and letters stand behind it.
struct TextColumn {
  std::vector<std::string> heads;
  std::vector<std::string> body, tail;  ///< one a row
};

std::string body_of(const Shown& shown, bool interval) {
  if (shown.spread.empty()) return shown.main;
  return shown.main + (interval ? " " : "±") + shown.spread;
}

std::string tail_of(const Shown& shown) {
  std::string tail = shown.marks;
  for (const std::string* part : {&shown.count, &shown.verdict, &shown.letters}) {
    if (!part->empty()) tail += " " + *part;
  }
  return tail;
}

/// How many of a column's headings the column before it has too: they are written once.
std::size_t shared_heads(const Table& table, std::size_t column) {
  std::size_t count = 0;
  if (column == 0) return count;
  const auto& own = table.columns[column].heads;
  const auto& before = table.columns[column - 1].heads;
  while (count + 1 < own.size() && count < before.size() && own[count] == before[count]) ++count;
  return count;
}

std::vector<std::string> head_lines(const Table& table, std::size_t index) {
  const Column& column = table.columns[index];
  std::vector<std::string> lines;
  for (std::size_t i = shared_heads(table, index); i < column.heads.size(); ++i) {
    for (std::string& line : pair_lines(column.heads[i])) lines.push_back(std::move(line));
  }
  if (column.baseline) lines.push_back("(baseline)");
  return lines;
}

std::vector<TextColumn> text_columns(const Table& table) {
  std::vector<TextColumn> columns;
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    TextColumn column;
    column.heads = head_lines(table, i);
    for (const Row& row : table.rows) {
      const Shown entry = shown(row.entries[i], table);
      column.body.push_back(body_of(entry, table.interval));
      column.tail.push_back(tail_of(entry));
    }
    columns.push_back(std::move(column));
  }
  return columns;
}

std::string label_of(const Table& table, const Row& row, std::size_t axis) {
  std::string label = row.labels[axis];
  const std::string letters = table.letters(row.notes);
  if (axis + 1 == row.labels.size() && !letters.empty()) label += " " + letters;
  return label;
}

using Lines = std::vector<std::string>;

void append(Lines& lines, std::size_t line, const std::string& text) { lines[line] += text; }

/// Row labels, left-aligned, under the names of their axes where there are several.
void add_labels(const Table& table, std::size_t head_count, Lines& lines) {
  const std::size_t axes = table.rows.empty() ? 0 : table.rows.front().labels.size();
  for (std::size_t axis = 0; axis < axes; ++axis) {
    const std::string head = axes > 1 ? row_head(table, axis) : "";
    std::size_t width = display_width(head);
    for (const Row& row : table.rows) {
      width = std::max(width, display_width(label_of(table, row, axis)));
    }
    const std::string gap = axis == 0 ? "" : kGap;
    for (std::size_t i = 0; i < head_count; ++i) {
      append(lines, i, gap + pad_right(i + 1 == head_count ? head : "", width));
    }
    for (std::size_t i = 0; i < table.rows.size(); ++i) {
      append(lines, head_count + i, gap + pad_right(label_of(table, table.rows[i], axis), width));
    }
  }
}

void add_column(const TextColumn& column, std::size_t head_count, Lines& lines) {
  std::size_t body = 0, tail = 0;
  for (const std::string& head : column.heads) body = std::max(body, display_width(head));
  for (const std::string& text : column.body) body = std::max(body, display_width(text));
  for (const std::string& text : column.tail) tail = std::max(tail, display_width(text));
  const std::size_t empty = head_count - column.heads.size();
  for (std::size_t i = 0; i < head_count; ++i) {
    const std::string head = i < empty ? "" : column.heads[i - empty];
    append(lines, i, kGap + pad_left(head, body) + std::string(tail, ' '));
  }
  for (std::size_t i = 0; i < column.body.size(); ++i) {
    append(lines, head_count + i,
           kGap + pad_left(column.body[i], body) + pad_right(column.tail[i], tail));
  }
}

std::string trimmed(const std::string& line) {
  return line.substr(0, line.find_last_not_of(' ') + 1);
}

}  // namespace

std::string render_text(const Table& given, const TextOptions& options) {
  const Table table = in_lines(given);
  const std::vector<TextColumn> columns = text_columns(table);
  std::size_t head_count = 0;
  for (const TextColumn& column : columns) head_count = std::max(head_count, column.heads.size());
  Lines lines(head_count + table.rows.size());
  add_labels(table, head_count, lines);
  for (const TextColumn& column : columns) add_column(column, head_count, lines);
  for (std::size_t i = 0; i < table.rows.size(); ++i) {
    if (table.rows[i].baseline) append(lines, head_count + i, "   baseline");
  }
  std::vector<std::string> caption{table.title};
  caption.insert(caption.end(), table.caption.begin(), table.caption.end());
  for (std::size_t i = 0; i + 1 < caption.size(); ++i) caption[i] += ",";
  std::string text = wrap(caption, " ", options.width);
  for (const std::string& line : lines) text += trimmed(line) + "\n";
  for (const std::string& line : table.legend) text += wrap({line}, " ", options.width);
  text += wrap(lettered(table), "    ", options.width);
  return options.ascii ? to_ascii(text) : text;
}

}  // namespace ktb::core
