#include "core/base/output/escape.hpp"

#include <gtest/gtest.h>

#include "core/base/json.hpp"
#include "core/base/output/tex_symbols.hpp"

namespace ktb::core {
namespace {

TEST(Escape, ALineHasNoBreaks) { EXPECT_EQ(one_line("a\n\tb \x1B[31mred\x1B[0m"), "a  b red"); }

TEST(Escape, MarkdownHasNoMarkup) {
  EXPECT_EQ(markdown_text("a|b `c` *d* [e](f) <g> &amp; $h$"),
            "a\\|b \\`c\\` \\*d\\* \\[e\\](f) \\<g\\> \\&amp; \\$h\\$");
  EXPECT_EQ(markdown_text("zoo_tuning _it_ a_"), "zoo_tuning \\_it\\_ a\\_");
}

TEST(Escape, CodeSpansAreFencedByMoreBackticks) {
  EXPECT_EQ(markdown_code("width"), "`width`");
  EXPECT_EQ(markdown_code("a`b"), "``a`b``");
  EXPECT_EQ(markdown_code("`a"), "`` `a ``");
  EXPECT_EQ(markdown_code("a|b"), "`a\\|b`");
  EXPECT_EQ(markdown_code("a\\|b"), "`a\\\\\\|b`")
      << "a bar behind a backslash ends no cell either";
  EXPECT_EQ(markdown_code(""), "");
}

TEST(Escape, ProseKeepsItsCode) {
  EXPECT_EQ(markdown_prose("as `width_of` [0, 1]"), "as `width_of` \\[0, 1\\]");
  EXPECT_EQ(markdown_prose("a lone ` and <b>"), "a lone \\` and \\<b\\>");
  EXPECT_EQ(markdown_prose("`a|b` `c`"), "`a\\|b` `c`");
}

TEST(Escape, BlocksAreFencedByMoreBackticks) {
  EXPECT_EQ(markdown_block("a\nb"), "```text\na\nb\n```\n");
  EXPECT_EQ(markdown_block("```\n# b"), "````text\n```\n# b\n````\n");
}

TEST(Escape, LatexHasNoCommands) {
  EXPECT_EQ(latex_text("\\input{a} & 5 % _x^2 ~ #1 $y$"),
            "\\textbackslash{}input\\{a\\} \\& 5 \\% \\_x\\textasciicircum{}2 "
            "\\textasciitilde{} \\#1 \\$y\\$");
  EXPECT_EQ(latex_text("a -> b ±1 |*["), "a $\\rightarrow$ b $\\pm$1 \\textbar{}{*}{[}");
  EXPECT_EQ(latex_text("τ=4 (α≥½) ∆ 10–20 °C x₂"),
            "$\\tau$=4 ($\\alpha$$\\geq$½) $\\Delta$ 10–20 °C x\\textsubscript{2}");
  EXPECT_EQ(latex_text("réseau ✓ 模型"), "réseau ✓ 模型");
  EXPECT_EQ(beyond_pdflatex("réseau ½ – ✓ 模型 ✓ $\\tau$ «ð"), "✓模型«ð");
  EXPECT_EQ(latex_key("main_2"), "main_2");
  EXPECT_EQ(latex_key("a}\\b c%"), "a--b-c-");
}

TEST(Escape, HtmlHasNoTagsAndNoEndOfAttributes) {
  EXPECT_EQ(html_text("<b>&\"'\n\x1B[31mred\x1B[0m"), "&lt;b&gt;&amp;&quot;&#39; red");
  EXPECT_EQ(html_block("a\n<"), "a\n&lt;");
}

TEST(Escape, CsvHasNoFormulas) {
  EXPECT_EQ(csv_field("=1+1"), "'=1+1");
  EXPECT_EQ(csv_field("=\"a\",b"), "\"'=\"\"a\"\",b\"");
  EXPECT_EQ(csv_field("-1.5"), "-1.5");
  EXPECT_EQ(csv_field("a=b"), "a=b");
}

TEST(Escape, JsonHasNoControlCharacters) {
  const Json json = {{"a", "x\x1B\x7F\xC2\x9B\xC3\xA9\xFF"}};
  const std::string text = json_text(json);
  EXPECT_EQ(text, "{\"a\":\"x\\u001b\\u007f\\u009b\xC3\xA9\xEF\xBF\xBD\"}");
  EXPECT_EQ(Json::parse(text).at("a"), "x\x1B\x7F\xC2\x9B\xC3\xA9\xEF\xBF\xBD");
}

}  // namespace
}  // namespace ktb::core
