#include <fmt/format.h>

#include <algorithm>

#include "core/base/output/escape.hpp"
#include "core/page/parts.hpp"
#include "core/score/metrics.hpp"
#include "core/table/render/shown.hpp"

namespace ktb::core {
namespace {

bool has_strip(const Column& column) {
  return column.kind == ColumnKind::kCells || column.kind == ColumnKind::kMean;
}

/// A table of HTML from a table of ours: `drawers` for entries that lead to their trials, and
/// whether differences are drawn beside their numbers.
class Writer {
 public:
  Writer(const Table& table, const Drawers* drawers)
      : table_(table),
        drawers_(drawers),
        axes_(table.rows.empty() ? 1 : std::max<std::size_t>(1, table.rows.front().labels.size())) {
    for (std::size_t i = 0; i < table.columns.size(); ++i)
      scales_.push_back(forest() ? interval_scale(table, i) : seeds_scale(table, i));
  }

  std::string html() const {
    return fmt::format(
        "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"{}\"><table "
        "class=\"{}\">\n"
        "<caption>{}</caption>\n<thead>\n{}</thead>\n{}{}</table></div>\n{}",
        html_text(table_.title), forest() ? "forest" : "grid", caption(), head(), bodies(), foot(),
        notes());
  }

 private:
  bool forest() const { return drawers_ == nullptr || table_.differences; }
  /// Cells of HTML that a column takes.
  std::size_t width_of(const Column& column) const { return forest() && has_strip(column) ? 2 : 1; }

  std::string caption() const {
    std::vector<std::string> parts = table_.caption;
    if (drawers_ == nullptr) parts.insert(parts.begin(), table_.title);
    return html_text(joined(parts, ", "));
  }

  std::string head() const {
    const std::size_t levels = table_.columns.empty() ? 1 : table_.columns.front().heads.size();
    std::string text;
    for (std::size_t level = 0; level < levels; ++level) {
      text += "<tr>";
      for (std::size_t axis = 0; level == 0 && axis < axes_; ++axis)
        text += fmt::format("<th scope=\"col\" rowspan=\"{}\" class=\"axis\">{}</th>", levels,
                            html_text(row_head(table_, axis)));
      text += head_line(level, level + 1 == levels) + "</tr>\n";
    }
    return text;
  }

  /// Equal neighbours share a heading, but for the last line.
  std::string head_line(std::size_t level, bool last) const {
    std::string text;
    const auto& columns = table_.columns;
    for (std::size_t i = 0; i < columns.size();) {
      std::size_t end = i, width = 0;
      const std::string& head = columns[i].heads[level];
      while (end < columns.size() && (end == i || (!last && columns[end].heads[level] == head)))
        width += width_of(columns[end++]);
      const std::string more = last && columns[i].baseline ? " <em>baseline</em>" : "";
      const char* scope = end - i > 1 ? "colgroup" : "col";
      if (head.empty())
        text += fmt::format("<td colspan=\"{}\"></td>", width);
      else
        text += fmt::format("<th scope=\"{}\" colspan=\"{}\"{}>{}{}</th>", scope, width,
                            last ? " class=\"sorts\"" : "", html_text(arrows(head)), more);
      i = end;
    }
    return text;
  }

  std::string bodies() const {
    std::string extra, rest;
    for (const Row& row : table_.rows) (row.kind == RowKind::kExtra ? extra : rest) += line(row);
    if (!extra.empty()) extra = "<tbody class=\"extra\">\n" + extra + "</tbody>\n";
    return extra + "<tbody class=\"rows\">\n" + rest + "</tbody>\n";
  }

  std::string line(const Row& row) const {
    const char* look = row.kind == RowKind::kPublished ? " class=\"published\""
                       : row.baseline                  ? " class=\"base\""
                                                       : "";
    std::string text = fmt::format("<tr{}>", look);
    for (std::size_t axis = 0; axis < row.labels.size(); ++axis) {
      const bool last = axis + 1 == row.labels.size();
      text += "<th scope=\"row\">" + html_text(arrows(row.labels[axis]));
      if (last && row.baseline) text += " <em>baseline</em>";
      text += (last ? superscript(row.notes) : "") + "</th>";
    }
    for (std::size_t i = 0; i < row.entries.size(); ++i) text += cell(row, i);
    return text + "</tr>\n";
  }

  std::string superscript(const std::vector<std::string>& notes) const {
    const std::string letters = table_.letters(notes);
    return letters.empty() ? "" : "<sup>" + letters + "</sup>";
  }

  std::string cell(const Row& row, std::size_t index) const {
    const Entry& entry = row.entries[index];
    const Column& column = table_.columns[index];
    if (width_of(column) == 2)
      return "<td class=\"plot\">" + plot(entry, index) + "</td><td>" + number(entry) + "</td>";
    const bool drawn = !forest() && has_strip(column) && !entry.values.empty() && row.is_method();
    return "<td>" + number(entry) + (drawn ? seeds_strip(entry, scales_[index]) : "") + "</td>";
  }

  std::string plot(const Entry& entry, std::size_t index) const {
    const bool compared = entry.state == State::kFixed && (!drawers_ || entry.difference);
    if (!compared) return "";
    return interval_strip(entry, scales_[index], metric_info(table_.columns[index].metric).sign());
  }

  std::string number(const Entry& entry) const {
    const Shown parts = shown(entry, table_);
    std::string text = html_text(parts.main);
    const std::string anchor = drawers_ == nullptr ? "" : drawers_->anchor(entry);
    if (!anchor.empty()) text = fmt::format("<a href=\"#{}\">{}</a>", anchor, text);
    if (!parts.spread.empty())
      text += fmt::format("<span class=\"pm\">{}{}</span>", table_.interval ? " " : "±",
                          html_text(parts.spread));
    std::string marks = html_text(parts.marks);
    for (const std::string* part : {&parts.count, &parts.verdict})
      if (!part->empty()) marks += " <span class=\"say\">" + html_text(*part) + "</span>";
    if (!parts.letters.empty()) marks += "<sup>" + html_text(parts.letters) + "</sup>";
    if (!marks.empty()) text += "<span class=\"mk\">" + marks + "</span>";
    if (text.empty()) return "";
    return "<span class=\"v\">" + text + "</span>";
  }

  /// The axes of what is drawn above.
  std::string foot() const {
    std::string text;
    bool any = false;
    for (std::size_t i = 0; i < table_.columns.size(); ++i) {
      const bool drawn = has_strip(table_.columns[i]) && has_values(i);
      any = any || drawn;
      text += drawn ? "<td>" + strip_axis(scales_[i]) + "</td>" : "<td></td>";
      if (width_of(table_.columns[i]) == 2) text += "<td></td>";
    }
    if (!any) return "";
    return fmt::format("<tfoot aria-hidden=\"true\"><tr><td colspan=\"{}\"></td>{}</tr></tfoot>\n",
                       axes_, text);
  }

  bool has_values(std::size_t column) const {
    return std::any_of(table_.rows.begin(), table_.rows.end(), [&](const Row& row) {
      const Entry& entry = row.entries[column];
      return row.is_method() && (forest() ? !entry.value.empty() : !entry.values.empty());
    });
  }

  std::string notes() const {
    std::string text;
    for (const std::string& line : table_.legend) text += "<li>" + html_text(line) + "</li>\n";
    for (const std::string& note : table_.footnotes)
      text += fmt::format("<li><sup>{}</sup> {}</li>\n", html_text(table_.letters({note})),
                          html_text(note));
    return text.empty() ? "" : "<ul class=\"notes\">\n" + text + "</ul>\n";
  }

  const Table& table_;
  const Drawers* drawers_;
  std::size_t axes_;
  std::vector<Scale> scales_;
};

}  // namespace

std::string table_grid(const Table& table, const Drawers& drawers) {
  return Writer(table, &drawers).html();
}

std::string forest_table(const Table& differences) { return Writer(differences, nullptr).html(); }

}  // namespace ktb::core
