// Texts that others wrote, in every place of tables and records: what each format makes of them.
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "core/base/output/csv.hpp"
#include "core/base/unicode.hpp"
#include "core/table/build_table.hpp"
#include "core/table/csv_fields.hpp"
#include "core/table/export/export.hpp"
#include "core/table/exported.hpp"
#include "core/table/report.hpp"
#include "core/table/report_fixture.hpp"

namespace ktb::core {
namespace {

using testing::Bench;

const std::vector<std::string> kHostile = {"\x1B[31mred\x1B[0m",
                                           "\x1B]0;title\x07",
                                           "\x1B]8;;http://a\x1B\\link",
                                           "back\b\r\x7F\xC2\x9B"
                                           "31m",
                                           "no UTF-8 \xFF\xC3",
                                           std::string("nul\0l", 5),
                                           "two\nlines\tand a tab",
                                           "a | b",
                                           "a \\| b \\\\| c",
                                           "`code` ``more`",
                                           "**bold** _it_ ~~gone~~",
                                           "<script>alert(1)</script> &lt; $x$",
                                           "[text](http://a) # head",
                                           "\\input{/etc/passwd}",
                                           "\\\\[1em] * & % _ # $ {} ~ ^ \\",
                                           "}}{\\end{tabular}",
                                           "*star",
                                           "[bracket]",
                                           "=1+1",
                                           "+cmd|' /C calc'!A0",
                                           "-2+3",
                                           "@SUM(A1)",
                                           "\t=1",
                                           "\r=1",
                                           "\x1B[m=1",
                                           "quote \" and, comma\"\"",
                                           "\"",
                                           "'"};

/// `text` is the title, a label of rows and columns, a footnote, an axis and the name of the table.
Bench bench_with(const std::string& text) {
  Bench bench;
  bench.plan.title = text;
  bench.plan.labels = {{"a", text}, {"b", text}, {"kd", text}};
  for (const char* method : {"scratch", "kd"})
    bench.cell({{"dataset", "d"}, {"method", method}, {"pair", "a -> b"}}, {.70, .72, .74});
  bench.hole({{"dataset", "d"}, {"method", text}, {"pair", "a -> b"}}, text);
  bench.fail(bench.plan.cells[1], 0, Status::kFailed, text);
  return bench;
}

std::vector<Table> tables_with(const std::string& text) {
  const Bench bench = bench_with(text);
  TableSpec spec;
  spec.name = text;
  spec.rows = {"method", "dataset"};
  spec.metrics = {"top1"};
  spec.baseline = "scratch";
  return {build_table(bench.plan, spec, bench.outcomes)};
}

/// Line ends aside; also the control characters of two bytes, U+0080 to U+009F.
void expect_no_control(const std::string& text, const std::string& allowed = "\n") {
  const std::u32string points = decode_utf8(text);
  for (const char32_t point : points) {
    const bool control = point < 0x20 || (point >= 0x7F && point < 0xA0);
    if (!control || (point < 0x80 && allowed.find(static_cast<char>(point)) != std::string::npos))
      continue;
    ADD_FAILURE() << "control character " << static_cast<unsigned>(point) << " in\n" << text;
    return;
  }
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

/// As GitHub's Markdown splits a line: a backslash takes the next character with it.
std::size_t bars(const std::string& line) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '\\')
      ++i;
    else
      count += line[i] == '|';
  }
  return count;
}

/// Commands, and what of TeX's special characters stands there as such; keys of labels aside.
struct Tex {
  std::set<std::string> commands;
  std::map<char, int> special;
  int depth = 0;
};

Tex tex_of(const std::string& given) {
  const std::string text =
      std::regex_replace(given, std::regex("\\\\(label|ref)\\{[-A-Za-z0-9_.:]*\\}"), "");
  Tex tex;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\') {
      const std::size_t begin = ++i;
      while (i < text.size() && std::isalpha(static_cast<unsigned char>(text[i])) != 0) ++i;
      if (i > begin) tex.commands.insert(text.substr(begin, i-- - begin));
    } else if (std::string("&%#$_^~").find(text[i]) != std::string::npos) {
      ++tex.special[text[i]];
    } else {
      tex.depth += text[i] == '{' ? 1 : text[i] == '}' ? -1 : 0;
    }
  }
  return tex;
}

TEST(Hostile, TextKeepsItsLines) {
  for (const Format format : {Format::kText, Format::kAscii}) {
    for (const std::string& text : kHostile) expect_no_control(render(tables_with(text), format));
    EXPECT_EQ(render(tables_with("two\nlines\tand a tab"), format),
              render(tables_with("two lines and a tab"), format));
    EXPECT_EQ(render(tables_with("\x1B[31mred\x1B[0m"), format),
              render(tables_with("red"), format));
  }
}

TEST(Hostile, MarkdownKeepsItsColumns) {
  const auto usual = lines_of(render(tables_with("usual"), Format::kMarkdown));
  for (const std::string& text : kHostile) {
    const std::string found = render(tables_with(text), Format::kMarkdown);
    expect_no_control(found);
    const auto lines = lines_of(found);
    ASSERT_EQ(lines.size(), usual.size()) << found;
    for (std::size_t i = 0; i < lines.size(); ++i)
      EXPECT_EQ(bars(lines[i]), bars(usual[i])) << found;
    EXPECT_EQ(std::regex_replace(found, std::regex("\\\\.|</?sup>|\\*\\*"), "")
                  .find_first_of("`<>[]#&~$"),
              std::string::npos)
        << found;
  }
}

TEST(Hostile, LatexKeepsItsCommands) {
  const std::set<std::string> words = {"textbackslash", "textasciitilde", "textasciicircum",
                                       "textless",      "textgreater",    "textbar",
                                       "rightarrow",    "dots",           "cdot"};
  const Tex usual = tex_of(render(tables_with("usual"), Format::kLatex));
  for (const std::string& text : kHostile) {
    std::string latex = render(tables_with(text), Format::kLatex);
    expect_no_control(latex);
    latex = std::regex_replace(latex, std::regex("% needs LuaLaTeX[^\n]*\n"), "");
    const Tex found = tex_of(latex);
    for (const std::string& command : found.commands)
      EXPECT_TRUE(usual.commands.contains(command) || words.contains(command) ||
                  command.starts_with("ktb"))
          << command << " in\n"
          << latex;
    EXPECT_EQ(found.special, usual.special) << latex;
    EXPECT_EQ(found.depth, 0) << latex;
    EXPECT_EQ(latex.find("\\\\\n*"), std::string::npos) << "a star would belong to the line's end";
    EXPECT_EQ(latex.find("\\\\\n["), std::string::npos) << "so would a bracket";
  }
}

/// What a reader finds: the text that can be shown, after the apostrophe where it is no formula.
std::string as_read(const std::string& text) {
  const std::string shown = printable(text);
  const bool guarded = !text.empty() && std::string("=+-@\t\r").find(text[0]) != std::string::npos;
  return (guarded || shown.starts_with('=') ? "'" : "") + shown;
}

TEST(Hostile, CsvReadsBack) {
  for (const std::string& text : kHostile) {
    const std::string found = render(tables_with(text), Format::kCsv);
    expect_no_control(found, "\r\n\t");
    const auto lines = parsed_csv(found);
    for (const auto& line : lines) ASSERT_EQ(line.size(), lines.front().size()) << found;
    EXPECT_EQ(lines.at(1).front(), as_read(text));
    EXPECT_EQ(lines.back().back(), as_read(text)) << "the hole's note";
  }
}

TEST(Hostile, NumbersOfCsvStayNumbers) {
  for (const char* number : {"-1.5", "+2.25", "-0", "1e-05", "-1e+20", "-inf", "nan", "12"})
    EXPECT_EQ(csv_line({number}), std::string(number) + "\r\n");
  for (const char* formula : {"-1+2", "+", "--1", "+-1", "=1", "@a", "-x"})
    EXPECT_EQ(csv_line({formula}), "'" + std::string(formula) + "\r\n");
}

TEST(Hostile, RecordsAreExportedWhole) {
  for (const std::string& text : kHostile) {
    const Bench bench = bench_with(text);
    const std::string lines = testing::as_jsonl(testing::exported_lines(bench));
    expect_no_control(lines);
    std::set<std::string> reasons;
    for (const std::string& line : lines_of(lines))
      reasons.insert(Json::parse(line).at("reason").get<std::string>());
    const bool utf8 = text.find('\xFF') == std::string::npos;
    EXPECT_TRUE(!utf8 || reasons.contains(text)) << lines;

    const std::string csv = testing::as_csv(testing::exported_lines(bench));
    expect_no_control(csv, "\r\n\t");
    const auto rows = parsed_csv(csv);
    std::set<std::string> read;
    for (const auto& row : rows) {
      ASSERT_EQ(row.size(), rows.front().size()) << csv;
      read.insert(row.begin(), row.end());
    }
    EXPECT_TRUE(read.contains(as_read(text))) << csv;
  }
}

}  // namespace
}  // namespace ktb::core
