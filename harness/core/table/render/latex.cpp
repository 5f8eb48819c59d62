#include "core/table/render/latex.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <set>
#include <string_view>

#include "core/base/digest.hpp"
#include "core/base/output/escape.hpp"
#include "core/base/output/tex_symbols.hpp"
#include "core/table/render/shown.hpp"

namespace ktb::core {
namespace {

constexpr std::array kDigits{"Zero", "One", "Two",   "Three", "Four",
                             "Five", "Six", "Seven", "Eight", "Nine"};

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

/// A minus where the text has one before a number, a dash between two numbers.
std::string with_minus(const std::string& text, std::string_view minus) {
  const std::string escaped = latex_text(text);
  std::string result;
  for (std::size_t i = 0; i < escaped.size(); ++i) {
    const bool between = i > 0 && std::isdigit(static_cast<unsigned char>(escaped[i - 1])) != 0;
    if (escaped[i] == '-')
      result += between ? "--" : minus;
    else
      result += escaped[i];
  }
  return result;
}

/// In prose a number may stand in mathematics or outside.
constexpr const char* kMinus = "\\ensuremath{-}";

/// Letters that tell a text from others whose macro part is the same.
std::string distinction(const std::string& text) {
  std::string letters;
  for (const char digit : sha256_text(text).substr(0, 4))
    letters += static_cast<char>('a' + (std::isdigit(static_cast<unsigned char>(digit)) != 0
                                            ? digit - '0'
                                            : digit - 'a' + 10));
  letters.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(letters.front())));
  return letters;
}

/// What macros of a table begin with. A table that another one of the suite shares its letters with
/// (`main_2`, `main2`) has further ones, whether both are written or one.
std::string macro_start(const Table& table) {
  const std::string& name = table.base.empty() ? table.name : table.base;
  const bool shared =
      std::any_of(table.beside.begin(), table.beside.end(), [&](const std::string& other) {
        return other != name && macro_part(other) == macro_part(name);
      });
  return "ktb" + macro_part(table.suite) + macro_part(table.profile) + macro_part(table.name) +
         (shared ? distinction(name) : "");
}

/// Numbers with what they are called. Where two are called the same (`KD+` and `KD-`), each has
/// letters of its own, so that neither takes the other's name when a row is added.
class Macros {
 public:
  /// `place`: what no other number of these tables has.
  void add(const std::string& name, const std::string& place, const std::string& value) {
    ++called_[name];
    all_.push_back({name, place, value});
  }

  std::string text() const {
    std::string text;
    std::set<std::string> names;
    for (const Macro& macro : all_) {
      std::string name = macro.name;
      if (called_.at(name) > 1) name += distinction(macro.place);
      while (!names.insert(name).second) name += "X";
      text += fmt::format("\\ktbnumber{{\\{}}}{{{}}}\n", name, macro.value);
    }
    return text;
  }

 private:
  struct Macro {
    std::string name, place, value;
  };
  std::map<std::string, std::size_t> called_;
  std::vector<Macro> all_;
};

std::string place_of(const std::vector<std::string>& labels, const Axes& axes) {
  std::string place;
  for (const std::string& label : labels) place += label + "\n";
  for (const auto& [axis, value] : axes) place += axis + "=" + value + "\n";
  return place;
}

void add_numbers(const Table& table, Macros& macros) {
  const std::string start = macro_start(table);
  if (!table.provenance.empty())
    macros.add(start + "Provenance", table.name, latex_text(table.provenance));
  for (const Row& row : table.rows) {
    for (std::size_t i = 0; i < row.entries.size(); ++i) {
      const Entry& entry = row.entries[i];
      const Column& column = table.columns[i];
      if (entry.value.empty()) continue;
      std::string name = start;
      for (const std::string& label : row.labels) name += macro_part(label);
      for (const std::string& head : column.heads) name += macro_part(head);
      const std::string place =
          table.name + "\n" + place_of(row.labels, row.axes) + place_of(column.heads, column.axes);
      macros.add(name, place, with_minus(entry.value, kMinus));
      if (!entry.spread.empty())
        macros.add(name + "Spread", place, with_minus(entry.spread, kMinus));
    }
  }
}

/// Reads one number again in silence, and stops where a second one wants the name.
constexpr const char* kDefiner =
    "\\providecommand{\\ktbnumber}[2]{\\def\\ktbnew{#2}\\ifdefined#1\\ifx#1\\ktbnew\\else\n"
    "  \\PackageError{ktbench}{\\string#1 has two values}{Two reports differ: make both anew}\\fi\n"
    "  \\else\\global\\let#1\\ktbnew\\fi}\n";

std::string superscript(const std::string& text) {
  return text.empty() ? "" : "\\textsuperscript{" + text + "}";
}

/// Values have a column of TeX's, and what follows them another: so they stand below each other.
bool is_split(const Column& column) {
  return column.kind == ColumnKind::kCells || column.kind == ColumnKind::kMean;
}

std::size_t width_of(const Column& column) { return is_split(column) ? 2 : 1; }

std::string value_of(const Entry& entry, const Shown& parts) {
  std::string text = with_minus(parts.main, "$-$");
  if (parts.main == "-") text = "--";
  if (entry.mark == Mark::kBest) text = "\\textbf{" + text + "}";
  return entry.mark == Mark::kTied ? "\\underline{" + text + "}" : text;
}

/// A lone best is bold, what cannot be told from the best underlined.
std::string cell_of(const Entry& entry, const Column& column, const Table& table) {
  const Shown parts = shown(entry, table);
  std::string text = value_of(entry, parts) + (is_split(column) ? " & " : "");
  if (!parts.spread.empty()) {
    text += table.interval ? "~{\\small " + with_minus(parts.spread, "$-$") + "}"
                           : "$\\,\\pm\\,$" + latex_text(parts.spread);
  }
  for (const std::string* part : {&parts.count, &parts.verdict}) {
    if (!part->empty()) text += "~" + latex_text(*part);
  }
  return text + superscript(entry.significant ? "*" : "") + superscript(parts.letters);
}

std::string head_of(const std::string& head) {
  const std::vector<std::string> lines = pair_lines(head);
  if (lines.size() == 1) return latex_text(head);
  return "\\shortstack{" + latex_text(lines.front()) + "\\\\" + latex_text(lines.back()) + "}";
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
    std::size_t from = axes + 1;  // TeX's column, from 1
    for (std::size_t i = 0; i < table.columns.size();) {
      const std::string& head = table.columns[i].heads[level];
      std::size_t end = i, to = from;
      do to += width_of(table.columns[end++]);
      while (!last && end < table.columns.size() && table.columns[end].heads[level] == head);
      const std::string mark = last && table.columns[i].baseline ? " (baseline)" : "";
      line += fmt::format(" & \\multicolumn{{{}}}{{{}}}{{{}}}", to - from,
                          to - from > 1 ? "c" : "r", head_of(head + mark));
      if (end - i > 1 && !head.empty())
        rules += fmt::format(" \\cmidrule(lr){{{}-{}}}", from, to - 1);
      i = end;
      from = to;
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
    for (std::size_t i = 0; i < row.entries.size(); ++i)
      line += " & " + cell_of(row.entries[i], table.columns[i], table);
    text += line + " \\\\\n";
  }
  return text;
}

/// As the first word of a sentence.
std::string capital(std::string text) {
  if (!text.empty())
    text.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(text.front())));
  return text;
}

std::string notes_of(const Table& table) {
  std::string text;
  for (const std::string& line : table.legend) {
    const bool mark = line.starts_with("! ") || line.starts_with("= ");
    const std::string drawn = line.front() == '!' ? "Bold: " : "Underlined: ";
    text += (mark ? drawn + latex_text(line.substr(2)) : latex_text(capital(line))) + ".\n";
  }
  for (const std::string& note : table.footnotes) {
    text += superscript(table.letters({note})) + " " + latex_text(capital(note)) + ".\n";
  }
  return text.empty() ? "" : "\\par\\smallskip\n{\\footnotesize\\raggedright\n" + text + "\\par}\n";
}

std::string columns_of(const Table& table, std::size_t axes) {
  std::string text(axes, 'l');
  for (const Column& column : table.columns) text += is_split(column) ? "r@{}l" : "r";
  return text;
}

std::string name_of(const Table& table, const std::string& name) {
  std::string text;
  for (const std::string* part : {&table.suite, &table.profile, &name})
    if (!part->empty()) text += (text.empty() ? "" : "-") + latex_key(*part);
  return text;
}

}  // namespace

std::string latex_numbers(const std::vector<Table>& tables) {
  Macros macros;
  for (const Table& table : tables) add_numbers(table, macros);
  const std::string text = macros.text();
  return latex_engine(text) + kDefiner + text;
}

std::string latex_engine(const std::string& text) {
  const std::string beyond = beyond_pdflatex(text);
  return beyond.empty()
             ? ""
             : "% needs LuaLaTeX or XeLaTeX and a font that has these, as pdfLaTeX stops "
               "at them: " +
                   beyond + "\n";
}

std::string latex_number(const std::string& text) { return with_minus(text, "$-$"); }

std::string latex_name(const Table& table) { return name_of(table, table.name); }

std::string latex_caption(const Table& table) {
  std::string text = table.title;
  if (!text.empty() && std::string_view(".!?").find(text.back()) == std::string_view::npos)
    text += ".";
  if (!table.prose.empty()) text += " " + table.prose;
  text = latex_text(text);
  if (!table.base.empty())
    text += " The rest is as in Table~\\ref{tab:" + name_of(table, table.base) + "}.";
  return text;
}

std::string latex_table(const Table& table) {
  const std::size_t axes = table.rows.empty() ? 1 : table.rows.front().labels.size();
  const std::string environment = table.fit == "page" ? "table*" : "table";
  const std::string text =
      fmt::format("% needs \\usepackage{{booktabs,graphicx}}\n\\begin{{{}}}\n\\centering\n",
                  environment) +
      fmt::format("\\caption{{{}}}\n\\label{{tab:{}}}\n\\smallskip\n", latex_caption(table),
                  latex_name(table)) +
      fmt::format("\\sbox0{{%\n\\begin{{tabular}}{{{}}}\n\\toprule\n", columns_of(table, axes)) +
      head_lines(table, axes) + "\\midrule\n" + body_of(table) +
      "\\bottomrule\n\\end{tabular}}%\n"
      "\\ifdim\\wd0>\\linewidth\\resizebox{\\linewidth}{!}{\\usebox0}\\else\\usebox0\\fi\n" +
      notes_of(table) + fmt::format("\\end{{{}}}\n", environment);
  return latex_engine(text) + text;
}

}  // namespace ktb::core
