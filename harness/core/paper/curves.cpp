#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <map>
#include <optional>
#include <vector>

#include "core/base/output/escape.hpp"
#include "core/paper/figures.hpp"
#include "core/score/metrics.hpp"
#include "core/store/store.hpp"
#include "core/table/render/latex.hpp"
#include "core/table/render/shown.hpp"

namespace ktb::core {
namespace {

constexpr std::size_t kPoints = 60;

/// Colours that colour-blind readers tell apart (Okabe and Ito), and dashes for print in grey.
constexpr std::array kColours{"0072B2", "D55E00", "009E73", "CC79A7", "E69F00", "56B4E9", "000000"};
constexpr std::array kDashes{"solid", "densely dashed", "densely dotted", "dash dot"};

/// A number in each line of curve.jsonl.
struct Figure {
  std::string group, name;  ///< group empty: at the line's root
  std::string title;
  double scale = 1;

  std::optional<double> of(const Json& line) const {
    const Json* place = &line;
    for (const std::string& key : {group, name}) {
      if (key.empty()) continue;
      if (!place->is_object() || !place->contains(key)) return std::nullopt;
      place = &(*place)[key];
    }
    if (!place->is_number()) return std::nullopt;
    return place->get<double>() * scale;
  }
};

struct Point {
  double step = 0, mean = 0, low = 0, high = 0;
};
using Line = std::vector<Point>;
using Curves = std::vector<std::vector<Json>>;

struct Panel {
  std::string title, quantity;
  std::map<std::size_t, Line> lines;  ///< by the number of the row among those of methods
};

Curves curves_of(const Entry& entry, const Store& store) {
  Curves curves;
  for (const auto& [seed, value] : entry.values) {
    const auto trial = entry.trials.find(seed);
    if (trial == entry.trials.end()) continue;
    std::vector<Json> curve = store.curve(trial->second);
    if (!curve.empty()) curves.push_back(std::move(curve));
  }
  return curves;
}

/// As many points as one can see, the last one among them.
Line thinned(const Line& line) {
  if (line.size() <= kPoints) return line;
  Line thin;
  for (std::size_t i = 0; i < kPoints; ++i)
    thin.push_back(line[i * (line.size() - 1) / (kPoints - 1)]);
  return thin;
}

/// Over the steps that every seed has.
Line line_of(const Curves& curves, const Figure& figure) {
  const Figure step{"", "step", "", 1};
  std::map<double, std::vector<double>> values;
  for (const std::vector<Json>& curve : curves) {
    for (const Json& point : curve) {
      const auto at = step.of(point), value = figure.of(point);
      if (at && value) values[*at].push_back(*value);
    }
  }
  Line line;
  for (const auto& [at, all] : values) {
    if (all.size() != curves.size()) continue;
    double sum = 0;
    for (const double value : all) sum += value;
    const auto [low, high] = std::minmax_element(all.begin(), all.end());
    line.push_back({at, sum / static_cast<double>(all.size()), *low, *high});
  }
  return thinned(line);
}

/// What a column's curves can show, the best first.
std::vector<Figure> figures_for(const std::string& metric) {
  const MetricInfo info = metric_info(metric);
  return {{"validation", metric, info.label() + " on validation data", info.scale},
          {"terms", "task", "loss of the task, as weighted", 1},
          {"", "loss", "training loss", 1}};
}

/// Rows that are trained: no floors, no sources, nothing published.
std::vector<const Row*> trained_rows(const Table& table) {
  std::vector<const Row*> rows;
  for (const Row& row : table.rows)
    if (row.kind == RowKind::kCells || row.kind == RowKind::kDerived) rows.push_back(&row);
  return rows;
}

Panel panel_of(const Table& table, std::size_t column, const Store& store) {
  std::map<std::size_t, Curves> curves;
  const std::vector<const Row*> rows = trained_rows(table);
  for (std::size_t row = 0; row < rows.size(); ++row) {
    if (Curves found = curves_of(rows[row]->entries[column], store); !found.empty())
      curves[row] = std::move(found);
  }
  Panel panel;
  for (const Figure& figure : figures_for(table.columns[column].metric)) {
    for (const auto& [row, found] : curves) {
      Line line = line_of(found, figure);
      if (line.size() > 1) panel.lines[row] = std::move(line);
    }
    panel.title = column_head(table.columns[column]);
    panel.quantity = figure.title;
    if (!panel.lines.empty()) break;
  }
  return panel;
}

std::string style_of(std::size_t row) {
  return fmt::format("ktb{},{}", row % kColours.size(), kDashes[row % kDashes.size()]);
}

std::string plot_of(const Line& line, std::size_t row) {
  std::string mean, band, back;
  for (const Point& point : line) {
    mean += fmt::format("({:g},{:.5g})", point.step, point.mean);
    band += fmt::format("({:g},{:.5g})", point.step, point.high);
    back.insert(0, fmt::format("({:g},{:.5g})", point.step, point.low));
  }
  return fmt::format(
      "\\addplot[draw=none,fill=ktb{},fill opacity=.15,forget plot] coordinates {{{}}} -- cycle;\n"
      "\\addplot[{},thick,forget plot] coordinates {{{}}};\n",
      row % kColours.size(), band + back, style_of(row), mean);
}

/// The key to all panels, which the first one carries.
std::string key_of(const Table& table, const std::vector<Panel>& panels) {
  std::string text;
  const std::vector<const Row*> rows = trained_rows(table);
  for (std::size_t row = 0; row < rows.size(); ++row) {
    const bool drawn = std::any_of(panels.begin(), panels.end(),
                                   [&](const Panel& panel) { return panel.lines.contains(row); });
    if (!drawn) continue;
    std::string label;
    for (const std::string& part : rows[row]->labels) label += (label.empty() ? "" : ", ") + part;
    text += fmt::format("\\addlegendimage{{{},thick}}\\addlegendentry{{{}}}\n", style_of(row),
                        latex_text(label));
  }
  return text;
}

std::string axis_of(const Table& table, const std::vector<Panel>& panels, std::size_t index) {
  const Panel& panel = panels[index];
  const char* width = panels.size() == 1 ? ".8" : ".5";
  std::string text = fmt::format(
      "\\begin{{tikzpicture}}\n\\begin{{axis}}[width={}\\linewidth,height=.38\\linewidth,\n"
      "  title={{{}}},xlabel={{step}},ylabel={{{}}},xmin=0,axis lines*=left,\n"
      "  title style={{font=\\small}},label style={{font=\\footnotesize}},\n"
      "  tick label style={{font=\\footnotesize}},scaled ticks=false,tick align=outside",
      width, latex_text(panel.title), latex_text(panel.quantity));
  if (index == 0) {
    text += fmt::format(
        ",\n  legend to name={{ktb:{}}},legend columns=3,\n"
        "  legend cell align=left,legend style={{draw=none,font=\\footnotesize,/tikz/every even "
        "column/.append "
        "style={{column sep=1em}}}}",
        latex_name(table));
  }
  text += "]\n";
  if (index == 0) text += key_of(table, panels);
  for (const auto& [row, line] : panel.lines) text += plot_of(line, row);
  return text + "\\end{axis}\n\\end{tikzpicture}";
}

}  // namespace

std::string curves_figure(const Table& table, const Store& store) {
  std::vector<Panel> panels;
  for (std::size_t column = 0; column < table.columns.size(); ++column) {
    if (table.columns[column].kind != ColumnKind::kCells) continue;
    Panel panel = panel_of(table, column, store);
    if (!panel.lines.empty()) panels.push_back(std::move(panel));
  }
  if (panels.empty()) return "";
  std::string text = "% needs \\usepackage{pgfplots}\n";
  for (std::size_t i = 0; i < kColours.size(); ++i)
    text += fmt::format("\\definecolor{{ktb{}}}{{HTML}}{{{}}}%\n", i, kColours[i]);
  for (std::size_t i = 0; i < panels.size(); ++i)
    text += axis_of(table, panels, i) +
            (i % 2 == 0 && i + 1 < panels.size() ? "\\hfill%\n" : "\\par\n");
  return text + fmt::format("\\smallskip\\pgfplotslegendfromname{{ktb:{}}}\n", latex_name(table));
}

}  // namespace ktb::core
