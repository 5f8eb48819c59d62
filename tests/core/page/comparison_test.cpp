// Two folders of results on one page.
#include <gmock/gmock.h>

#include "core/page/markup.hpp"
#include "core/page/page.hpp"
#include "core/table/build_table.hpp"
#include "core/table/report_fixture.hpp"
#include "core/table/side_by_side.hpp"

namespace ktb::core {
namespace {

using testing::Bench;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::markup_of;
using ::testing::Not;

Axes axes_of(const std::string& method, const std::string& labels) {
  return {{"dataset", "d"}, {"method", method}, {"labels", labels}};
}

Table table_of(const Bench& bench) {
  TableSpec spec;
  spec.name = "main";
  spec.cols = {"labels"};
  spec.metrics = {"top1"};
  spec.baseline = "scratch";
  return build_table(bench.plan, spec, bench.outcomes);
}

Bench first() {
  Bench bench;
  bench.cell(axes_of("scratch", "1"), {.50, .51, .52});
  bench.cell(axes_of("kd", "1"), {.60, .61, .62});
  bench.cell(axes_of("only_a", "1"), {.60, .61, .62});
  return bench;
}

Bench second() {
  Bench bench;
  bench.cell(axes_of("scratch", "1"), {.505, .515, .525});
  bench.cell(axes_of("scratch", "0.5"), {.4, .4, .4});
  bench.cell(axes_of("kd", "1"), {.55, .56, .57});
  bench.cell(axes_of("only_b", "1"), {.60, .61, .62});
  for (auto& [id, record] : bench.outcomes.records) record.provenance["cpu"] = "another CPU";
  return bench;
}

TEST(SideBySide, HasBothAndWhatIsBetweenThem) {
  const Table both = side_by_side(table_of(first()), table_of(second()));
  std::vector<std::string> heads;
  for (const Column& column : both.columns) heads.push_back(column.heads.back());
  EXPECT_THAT(heads, ElementsAre("A", "B", "B - A"));
  std::map<std::string, std::vector<std::string>> rows;
  for (const Row& row : both.rows)
    for (const Entry& entry : row.entries)
      rows[row.labels[0]].push_back(entry.value +
                                    (entry.verdict.empty() ? "" : " " + entry.verdict));
  EXPECT_THAT(rows["scratch"], ElementsAre("51.0", "51.5", "+0.5"));
  EXPECT_THAT(rows["kd"], ElementsAre("61.0", "56.0", "-5.0 differs"));
  EXPECT_THAT(rows["only_a"], ElementsAre("61.0", "", ""));
  EXPECT_THAT(rows["only_b"], ElementsAre("", "61.0", ""));
  EXPECT_THAT(both.legend, Contains("only in B: column 50 %"));
}

TEST(SideBySide, TablesOfOneNameMeet) {
  Table a = table_of(first()), other = a;
  other.name = "other";
  EXPECT_EQ(side_by_side({a, other}, std::vector{a}).size(), 1U);
}

std::string page_of(const Bench& a, const Bench& b) {
  return render_comparison({"here", a.plan, {table_of(a)}, a.outcomes},
                           {"there <x>", b.plan, {table_of(b)}, b.outcomes});
}

TEST(ComparisonPage, TellsWhoIsWhoAndWhereTheyDiffer) {
  const std::string page = page_of(first(), second());
  EXPECT_EQ(markup_of(page).fault, "");
  EXPECT_THAT(page, HasSubstr("A: here, 9 trials: 9 ok"));
  EXPECT_THAT(page, HasSubstr("B: there &lt;x&gt;, 12 trials: 12 ok"));
  EXPECT_THAT(page, HasSubstr("-5.0<span class=\"mk\"> <span class=\"say\">differs</span>"));
  EXPECT_THAT(page, HasSubstr("<th scope=\"row\">cpu</th><td>some CPU</td><td>another CPU</td>"));
  EXPECT_THAT(page, Not(HasSubstr("<th scope=\"row\">threads</th>"))) << "it is the same";
}

TEST(ComparisonPage, OthersWordsAreNoMarkup) {
  Bench a = first(), b = second();
  const auto usual = markup_of(page_of(a, b)).tags;
  for (Bench* one : {&a, &b}) {
    one->plan.title = "</title><script>alert(1)</script>";
    one->plan.labels["kd"] = "\" onload=\"alert(1)";
    for (auto& [id, record] : one->outcomes.records) record.provenance["host"] = "<!--" + record.id;
  }
  for (auto& [id, record] : b.outcomes.records) record.provenance["cpu"] = "</table>";
  const auto found = markup_of(page_of(a, b));
  EXPECT_EQ(found.fault, "");
  EXPECT_EQ(found.tags, usual);
}

}  // namespace
}  // namespace ktb::core
