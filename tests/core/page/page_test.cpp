// The page of a report: what stands in it, that it is whole, and that nothing of it comes from or
// goes to anywhere else.
#include "core/page/page.hpp"

#include <gmock/gmock.h>

#include "core/base/output/escape.hpp"
#include "core/page/markup.hpp"
#include "core/page/parts.hpp"
#include "core/table/build_table.hpp"
#include "core/table/report_fixture.hpp"

namespace ktb::core {
namespace {

using testing::Bench;
using testing::count;
using ::testing::HasSubstr;
using testing::Markup;
using testing::markup_of;
using ::testing::Not;

TableSpec spec_of(const std::string& baseline = "scratch") {
  TableSpec spec;
  spec.name = "main";
  spec.cols = {"labels"};
  spec.metrics = {"top1"};
  spec.baseline = baseline;
  return spec;
}

PageInput input_of(const Bench& bench, const TableSpec& spec) {
  return {bench.plan, {build_table(bench.plan, spec, bench.outcomes)}, bench.outcomes, {}, {}};
}

/// Two methods beside a baseline, on three columns; each trial has all that a page can show.
Bench whole_bench() {
  Bench bench;
  for (const char* labels : {"0.1", "0.5", "1"})
    for (const auto& [method, gain] : {std::pair{"scratch", 0.}, {"kd", .1}, {"share", -.2}}) {
      const Axes axes{{"dataset", "d"}, {"method", method}, {"labels", labels}};
      Cell& cell = bench.cell(axes, {.5 + gain, .51 + gain, .525 + 1.01 * gain});
      for (std::size_t seed = 0; seed < 3; ++seed) {
        Record& record = bench.record(cell, seed);
        record.metrics["share.left"] = .75;
        record.metrics["share.right"] = .25;
        record.cost["train_seconds"] = 10 + 10 * gain;
      }
    }
  return bench;
}

std::string whole_page(const TableSpec& spec) {
  const Bench bench = whole_bench();
  PageInput input = input_of(bench, spec);
  for (const Trial& trial : bench.plan.trials) {
    for (int step = 1; step < 30; ++step)
      input.curves[trial.id].push_back(
          {{"step", step}, {"loss", 3. / step}, {"validation", {{"top1", .01 * step}}}});
    input.logs[trial.id] = "a <last> line";
  }
  return render_page(input);
}

TEST(Page, IsBalancedAndAsksForNothing) {
  TableSpec spec = spec_of();
  spec.ranks = true;
  const std::string page = whole_page(spec);
  EXPECT_EQ(markup_of(page).fault, "");
  for (const char* way : {"http:", "https:", " src=", "url(", "@import", "<link", "<img", "fetch("})
    EXPECT_THAT(page, Not(HasSubstr(way)));
  EXPECT_EQ(page, whole_page(spec)) << "the same records make the same bytes";
}

TEST(Page, EverySeedIsADotAndEveryDifferenceABar) {
  const std::string page = whole_page(spec_of());
  EXPECT_EQ(count(page, "class=\"seed\""), 27U);
  EXPECT_EQ(count(page, "better than the baseline"), 3U);
  EXPECT_EQ(count(page, "worse than the baseline"), 3U);
  EXPECT_EQ(count(page, "not told from the baseline"), 0U);
  EXPECT_THAT(page, HasSubstr("<title>seed 0: 60, seed 1: 61, seed 2: 62.6</title>"));
}

TEST(Page, HasTheChartsThatATableHasNumbersFor) {
  TableSpec spec = spec_of();
  EXPECT_THAT(whole_page(spec), Not(HasSubstr("Critical-difference")));
  EXPECT_THAT(whole_page(spec), Not(HasSubstr("Map of what transfer is worth")));
  spec.ranks = true;
  const std::string page = whole_page(spec);
  EXPECT_THAT(page, HasSubstr("Critical-difference diagram"));
  EXPECT_THAT(page, HasSubstr("kd 1.00"));
  EXPECT_EQ(count(page, "<title>Learning curves: "), 3U);
  EXPECT_THAT(page, HasSubstr("top-1 %, validation over steps"));
  EXPECT_EQ(count(page, "<title>Shares of members: "), 3U);
  EXPECT_THAT(page, HasSubstr("<title>left: 75 %</title>"));
  // share is the cheapest and the worst, kd the dearest and the best: none beats another
  EXPECT_EQ(count(page, "On the Pareto front, cheapest first: share, scratch, kd"), 3U);
  spec.view = "difference";
  const std::string map = whole_page(spec);
  EXPECT_THAT(map, HasSubstr("Map of what transfer is worth"));
  EXPECT_EQ(count(map, "class=\"place up2 sure\""), 3U);
  EXPECT_EQ(count(map, "class=\"place down4 sure\""), 3U);
}

TEST(Page, OfFiguresNobodyKnowsWhichAreBetter) {
  TableSpec spec = spec_of();
  EXPECT_THAT(whole_page(spec), HasSubstr("Pareto"));
  spec.metrics = {"share.left"};
  EXPECT_THAT(whole_page(spec), Not(HasSubstr("Pareto")));
}

TEST(Page, DrawersHaveWhatIsKnownOfACell) {
  const std::string page = whole_page(spec_of());
  EXPECT_EQ(count(page, "<details class=\"cell\""), 9U);
  EXPECT_EQ(count(page, "<a href=\"#c1\">"), 1U);
  EXPECT_EQ(count(page, " id=\"c1\">"), 1U);
  EXPECT_THAT(page, HasSubstr("ktbench why d-0.1-kd-0\nktbench rerun d-0.1-kd-0"));
  EXPECT_THAT(page, HasSubstr("a &lt;last&gt; line"));
  EXPECT_THAT(page, HasSubstr("<dt>cpu</dt><dd>some CPU</dd>")) << "once, being the same for all";
  EXPECT_EQ(count(page, "cpu some CPU"), 0U);
}

TEST(Page, DrawersSayThatAControlKnowsNothing) {
  Bench bench;
  const Cell& cell =
      bench.cell({{"dataset", "d"}, {"method", "kd:shuffled"}, {"labels", "1"}}, {.5, .6});
  PageInput input = input_of(bench, spec_of(""));
  TrialSpec& spec = input.outcomes.specs[cell.samples[0].trial];
  spec.axes = {{"method", "kd:shuffled"}};
  spec.sources.resize(1);
  spec.sources[0].task.shuffled = true;
  EXPECT_THAT(render_page(input), HasSubstr("<dt>control</dt><dd>its source learned shuffled"));
  EXPECT_THAT(render_page(input), HasSubstr("labels shuffled"));
  spec.axes = {{"method", "kd:untrained"}};
  EXPECT_THAT(render_page(input), HasSubstr("its source was never trained"));
  spec.axes = {{"method", "kd"}};
  EXPECT_THAT(render_page(input), Not(HasSubstr("<dt>control")));
}

TEST(Page, ItsScriptIsShort) { EXPECT_LE(page_script().size(), 2048U); }

TEST(Page, GapsAreToldAsInTheOtherTables) {
  const Bench bench = testing::hub_bench();
  const PageInput input = input_of(bench, testing::hub_spec());
  const std::string page = render_page(input);
  EXPECT_EQ(markup_of(page).fault, "");
  const Table& table = input.tables.front();
  ASSERT_FALSE(table.footnotes.empty());
  for (const std::string& note : table.footnotes)
    EXPECT_THAT(page, HasSubstr("<li><sup>" + table.letters({note}) + "</sup> " + html_text(note)));
  for (const std::string& line : table.legend) EXPECT_THAT(page, HasSubstr(html_text(line)));
  EXPECT_THAT(page, HasSubstr("diverged: loss is not finite at step 812"));
  EXPECT_THAT(page, HasSubstr("1 running"));
}

TEST(Page, OthersWordsAreNoMarkup) {
  const auto page_with = [](const std::string& text) {
    Bench bench;
    bench.plan.title = bench.plan.question = text;
    bench.plan.warnings = {text};
    bench.plan.labels = {{"kd", text}, {"1", text}};
    std::map<std::string, Confusion> confusions;
    std::map<std::string, Pictures> pictures;
    for (const char* method : {"scratch", "kd"}) {
      Cell& cell =
          bench.cell({{"dataset", "d"}, {"method", method}, {"labels", "1"}}, {.70, .72, .74});
      Record& record = bench.record(cell, 1);
      record.warnings = {text};
      record.provenance["plugins"] = {{text, text}};
      record.metrics["share." + text] = record.metrics["share.other"] = .5;
      confusions[record.id] = {{text, "other"}, {{3, 1}, {2, 4}}};
      pictures[record.id].all = {{text, 2, 2, {{0, 1}, {2, 3}}}};
      bench.fail(cell, 0, Status::kFailed, text);
    }
    bench.hole({{"dataset", "d"}, {"method", "z"}, {"labels", "1"}}, text);
    PageInput input = input_of(bench, spec_of());
    for (const Trial& trial : bench.plan.trials) input.logs[trial.id] = text;
    input.confusions = confusions;
    input.pictures = pictures;
    return render_page(input);
  };
  const Markup usual = markup_of(page_with("usual"));
  for (const char* text :
       {"<script>alert(1)</script>", "</script>", "\" onload=\"alert(1)", "' onload='a", "&lt;",
        "<!--", "]]>", "</details></section>", "\x1B[31mred", "no UTF-8 \xFF", "a\nb", "-->"}) {
    const std::string page = page_with(text);
    const Markup found = markup_of(page);
    EXPECT_EQ(found.fault, "") << text;
    EXPECT_EQ(found.tags, usual.tags) << text;
    EXPECT_THAT(page, Not(HasSubstr("<script>alert"))) << text;
    EXPECT_THAT(page, Not(HasSubstr("\x1B"))) << text;
  }
}

TEST(Page, OfTwoHundredTrialsFitsIntoAnEMail) {
  Bench bench;
  for (int column = 0; column < 4; ++column)
    for (int row = 0; row < 10; ++row)
      bench.cell({{"dataset", "d"},
                  {"method", row == 0 ? "scratch" : fmt::format("method {}", row)},
                  {"labels", fmt::format("{}", column + 2)}},
                 {.5, .51, .49 + .01 * row, .505, .507});
  ASSERT_EQ(bench.plan.trials.size(), 200U);
  PageInput input = input_of(bench, spec_of());
  for (const Trial& trial : bench.plan.trials) {
    for (int step = 1; step < 400; ++step)
      input.curves[trial.id].push_back({{"step", step}, {"loss", 3. / step}});
    input.logs[trial.id] = std::string(900, 'x');
    TrialSpec& spec = input.outcomes.specs[trial.id];
    for (int option = 0; option < 40; ++option)
      spec.method.options[fmt::format("an option of some length {}", option)] = option;
    Confusion& confusion = input.confusions[trial.id];
    for (std::uint64_t i = 0; i < kMostClasses; ++i) {
      confusion.classes.push_back(fmt::format("a class of some length {}", i));
      confusion.counts.emplace_back(kMostClasses);
      for (std::uint64_t j = 0; j < kMostClasses; ++j)
        confusion.counts[i][j] = (i * 7919 + j * 104729) % 100;
    }
    for (int map = 0; map < 8; ++map) {
      Picture picture{fmt::format("map {}", map), 64, 64, {}};
      for (int i = 0; i < 32; ++i)
        for (int j = 0; j < 32; ++j) {
          if (j == 0) picture.values.emplace_back();
          picture.values.back().push_back((i * 7919 + j * 104729) % 101);
        }
      input.pictures[trial.id].all.push_back(picture);
    }
  }
  const std::string page = render_page(input);
  EXPECT_LT(page.size(), 1'000'000U);
  EXPECT_GT(page.size(), 200'000U) << "nothing was left out";
}

}  // namespace
}  // namespace ktb::core
