#include "core/table/render/latex.hpp"

#include <fmt/format.h>

#include <array>
#include <cctype>
#include <set>
#include <string_view>

#include "core/base/output/escape.hpp"
#include "core/table/render/shown.hpp"

namespace ktb::core {
namespace {

constexpr std::array kDigits{"Zero", "One", "Two",   "Three", "Four",
                             "Five", "Six", "Seven", "Eight", "Nine"};

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
  return text;
}

/// Letters only, as TeX wants names: `r56 -> r20` becomes `RFiveSixRTwoZero`.
std::string macro_part(const std::string& text) {
  std::string name;
  bool start = true;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isdigit(byte)) {
      name += kDigits[static_cast<std::size_t>(c - '0')];
      start = true;
    } else if (std::isalpha(byte)) {
      name += static_cast<char>(start ? std::toupper(byte) : c);
      start = false;
    } else {
      if (c == '%') name += "Percent";
      start = true;
    }
  }
  return name;
}

/// Names of macros, no two alike.
class Macros {
 public:
  void add(std::string name, const std::string& value) {
    while (!names_.insert(name).second) name += "X";
    text_ += fmt::format("\\newcommand{{\\{}}}{{{}}}\n", name, value);
  }
  const std::string& text() const { return text_; }

 private:
  std::set<std::string> names_;
  std::string text_;
};

std::string macros_of(const Table& table) {
  Macros macros;
  for (const Row& row : table.rows) {
    for (std::size_t i = 0; i < row.entries.size(); ++i) {
      const Entry& entry = row.entries[i];
      if (entry.value.empty()) continue;
      std::string name = "ktb" + macro_part(table.name);
      for (const std::string& label : row.labels) name += macro_part(label);
      for (const std::string& head : table.columns[i].heads) name += macro_part(head);
      macros.add(name, latex_text(entry.value));
      if (!entry.spread.empty()) macros.add(name + "Spread", latex_text(entry.spread));
    }
  }
  return macros.text();
}

std::string superscript(const std::string& text) {
  return text.empty() ? "" : "\\textsuperscript{" + text + "}";
}

/// A lone best is bold, what cannot be told from the best underlined.
std::string cell_of(const Entry& entry, const Table& table) {
  const Shown parts = shown(entry, table);
  const bool number = !parts.main.empty() && parts.main.front() == '-' && parts.main.size() > 1;
  std::string text = number ? "$-$" + latex_text(parts.main.substr(1)) : latex_text(parts.main);
  if (entry.mark == Mark::kBest) text = "\\textbf{" + text + "}";
  if (entry.mark == Mark::kTied) text = "\\underline{" + text + "}";
  if (!parts.spread.empty()) {
    text += table.interval ? " {\\small " + replaced(latex_text(parts.spread), "-", "$-$") + "}"
                           : " $\\pm$ " + latex_text(parts.spread);
  }
  for (const std::string* part : {&parts.count, &parts.verdict}) {
    if (!part->empty()) text += " " + latex_text(*part);
  }
  return text + superscript(entry.significant ? "*" : "") + superscript(parts.letters);
}

/// One line of headings for each level, equal neighbours under one rule.
std::string head_lines(const Table& table, std::size_t axes) {
  const std::size_t levels = table.columns.empty() ? 0 : table.columns.front().heads.size();
  std::string text;
  for (std::size_t level = 0; level < levels; ++level) {
    const bool last = level + 1 == levels;
    std::string line, rules;
    for (std::size_t axis = 0; axis < axes; ++axis) {
      line += (axis == 0 ? "" : " & ") + (last ? latex_text(row_head(table, axis)) : std::string());
    }
    for (std::size_t i = 0; i < table.columns.size();) {
      std::size_t end = i + 1;
      const std::string& head = table.columns[i].heads[level];
      while (!last && end < table.columns.size() && table.columns[end].heads[level] == head) ++end;
      const std::string mark = last && table.columns[i].baseline ? " (baseline)" : "";
      line += fmt::format(" & \\multicolumn{{{}}}{{{}}}{{{}}}", end - i, end - i > 1 ? "c" : "r",
                          latex_text(head + mark));
      if (end - i > 1 && !head.empty())
        rules += fmt::format(" \\cmidrule(lr){{{}-{}}}", axes + i + 1, axes + end);
      i = end;
    }
    text += line + " \\\\" + rules + "\n";
  }
  return text;
}

std::string body_of(const Table& table) {
  std::string text;
  bool extra = false;
  for (const Row& row : table.rows) {
    if (extra && row.kind != RowKind::kExtra) text += "\\midrule\n";
    extra = row.kind == RowKind::kExtra;
    std::string line;
    for (std::size_t axis = 0; axis < row.labels.size(); ++axis) {
      line += (axis == 0 ? "" : " & ") + latex_text(row.labels[axis]);
    }
    if (row.baseline) line += " (baseline)";
    line += superscript(table.letters(row.notes));
    for (const Entry& entry : row.entries) line += " & " + cell_of(entry, table);
    text += line + " \\\\\n";
  }
  return text;
}

std::string notes_of(const Table& table) {
  std::string text;
  for (const std::string& line : table.legend) {
    const bool mark = line.starts_with("! ") || line.starts_with("= ");
    const std::string drawn = mark ? line.front() == '!' ? "Bold: " : "Underlined: " : "";
    text += drawn + latex_text(line.substr(mark ? 2 : 0)) + ".\n";
  }
  for (const std::string& note : table.footnotes) {
    text += superscript(table.letters({note})) + " " + latex_text(note) + ".\n";
  }
  return text.empty() ? "" : "\\par\\smallskip\n{\\footnotesize\\raggedright\n" + text + "\\par}\n";
}

}  // namespace

std::string render_latex(const Table& table) {
  const std::size_t axes = table.rows.empty() ? 1 : table.rows.front().labels.size();
  const std::string environment = table.fit == "page" ? "table*" : "table";
  const std::string width = table.fit == "page" ? "\\textwidth" : "\\columnwidth";
  const bool fitted = table.fit == "page" || table.fit == "column";
  std::string text = macros_of(table);
  text += "% needs \\usepackage{booktabs,graphicx}\n";
  text += fmt::format("\\begin{{{}}}\n\\centering\n\\caption{{{}}}\n\\label{{tab:{}}}\n",
                      environment, latex_text(headline(table)), latex_key(table.name));
  if (fitted) text += "\\sbox0{%\n";
  text += fmt::format("\\begin{{tabular}}{{{}{}}}\n\\toprule\n", std::string(axes, 'l'),
                      std::string(table.columns.size(), 'r'));
  text += head_lines(table, axes) + "\\midrule\n" + body_of(table);
  text += fitted ? "\\bottomrule\n\\end{tabular}}%\n" : "\\bottomrule\n\\end{tabular}\n";
  if (fitted) {
    text += fmt::format("\\ifdim\\wd0>{0}\\resizebox{{{0}}}{{!}}{{\\usebox0}}\\else\\usebox0\\fi\n",
                        width);
  }
  return text + notes_of(table) + fmt::format("\\end{{{}}}\n", environment);
}

}  // namespace ktb::core
