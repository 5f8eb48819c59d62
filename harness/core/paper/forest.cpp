#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "core/base/output/escape.hpp"
#include "core/paper/figures.hpp"
#include "core/score/metrics.hpp"
#include "core/table/difference.hpp"
#include "core/table/render/latex.hpp"
#include "core/table/render/shown.hpp"

namespace ktb::core {
namespace {

/// A line of the plot: a heading, or a difference with its interval and how a table shows it.
struct Line {
  std::string label, shown;
  double mean = 0, low = 0, high = 0;
  bool heading = false;
};

std::string label_of(const Row& row) {
  std::string label;
  for (const std::string& part : row.labels) label += (label.empty() ? "" : ", ") + part;
  return label;
}

bool is_drawn(const Column& column) {
  return column.kind == ColumnKind::kCells || column.kind == ColumnKind::kMean;
}

std::vector<Line> lines_of(const Table& differences, const std::string& metric) {
  std::vector<Line> lines;
  for (std::size_t i = 0; i < differences.columns.size(); ++i) {
    const Column& column = differences.columns[i];
    if (!is_drawn(column) || column.metric != metric) continue;
    std::vector<Line> below;
    for (const Row& row : differences.rows) {
      const Entry& entry = row.entries[i];
      if (row.baseline || row.kind == RowKind::kExtra || row.kind == RowKind::kPublished) continue;
      if (entry.value.empty() || !std::isfinite(entry.low)) continue;
      below.push_back({label_of(row), entry.value + " " + entry.spread, entry.mean, entry.low,
                       entry.high, false});
    }
    if (below.empty()) continue;
    if (differences.columns.size() > 1) lines.push_back({column_head(column), "", 0, 0, 0, true});
    lines.insert(lines.end(), below.begin(), below.end());
  }
  return lines;
}

/// Filled where the interval excludes 0: blue for better, orange for worse.
std::string style_of(const Line& line, double sign) {
  if (std::min(sign * line.low, sign * line.high) > 0) return "ktbbetter,mark=*";
  if (std::max(sign * line.low, sign * line.high) < 0) return "ktbworse,mark=square*";
  return "black!55,mark=o";
}

std::string line_text(const Line& line, std::size_t y, double sign) {
  if (line.heading) return "";
  const std::string style = style_of(line, sign);
  return fmt::format(
      "\\draw[thick,{0}] (axis cs:{1:.5g},{2}) -- (axis cs:{3:.5g},{2});\n"
      "\\addplot[only marks,mark size=1.8pt,{4}] coordinates {{({5:.5g},{2})}};\n"
      "\\node[anchor=west,font=\\footnotesize] at ({{rel axis cs:1.02,0}}|-{{axis cs:0,{2}}}) "
      "{{{6}}};\n",
      style.substr(0, style.find(',')), line.low, y, line.high, style, line.mean,
      latex_number(line.shown));
}

std::string axis_of(const std::vector<Line>& lines, const std::string& metric,
                    const std::string& baseline) {
  const MetricInfo info = metric_info(metric);
  double least = 0, most = 0;
  std::string ticks, labels, body;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const Line& line = lines[i];
    const std::size_t y = lines.size() - i;
    least = std::min({least, line.low, line.high});
    most = std::max({most, line.low, line.high});
    const std::string comma = ticks.empty() ? "" : ",";
    ticks += fmt::format("{}{}", comma, y);
    labels += comma + (line.heading ? "{\\textbf{" : "{{") + latex_text(line.label) + "}}";
    body += line_text(line, y, info.sign());
  }
  const double margin = std::max(.06 * (most - least), 1e-6);
  return fmt::format(
             "\\begin{{tikzpicture}}\n\\begin{{axis}}[scale only axis,width=.36\\linewidth,y=4mm,\n"
             "  xmin={:.5g},xmax={:.5g},ymin=.3,ymax={}.7,clip=false,\n"
             "  xlabel={{{}}},ytick={{{}}},yticklabels={{{}}},\n"
             "  axis x line*=bottom,axis y line*=left,y axis line style={{draw=none}},\n"
             "  ytick style={{draw=none}},tick align=outside,\n"
             "  label style={{font=\\footnotesize}},tick label style={{font=\\footnotesize}}]\n"
             "\\draw[black!40] ({{axis cs:0,0}}|-{{rel axis cs:0,0}}) -- "
             "({{axis cs:0,0}}|-{{rel axis cs:0,1}});\n",
             least - margin, most + margin, lines.size(),
             latex_text(fmt::format("{}, difference to {}{}", info.label(), baseline,
                                    info.higher_is_better ? "" : ", less is better")),
             ticks, labels) +
         body + "\\end{axis}\n\\end{tikzpicture}\n";
}

}  // namespace

std::string forest_figure(const Table& table) {
  const Table differences = table.differences ? table : difference_table(table);
  std::vector<std::string> metrics;
  std::string axes;
  for (const Column& column : differences.columns) {
    if (!is_drawn(column) || std::count(metrics.begin(), metrics.end(), column.metric) > 0)
      continue;
    metrics.push_back(column.metric);
    const std::vector<Line> lines = lines_of(differences, column.metric);
    if (lines.empty()) continue;
    axes += (axes.empty() ? "" : "\\par\\medskip\n") +
            axis_of(lines, column.metric, baseline_of(table));
  }
  if (axes.empty()) return "";
  return "% needs \\usepackage{pgfplots}\n\\definecolor{ktbbetter}{HTML}{0072B2}%\n"
         "\\definecolor{ktbworse}{HTML}{D55E00}%\n" +
         axes;
}

}  // namespace ktb::core
