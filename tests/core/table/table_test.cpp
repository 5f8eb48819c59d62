#include "core/table/build_table.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <random>

#include "core/base/error.hpp"
#include "core/table/difference.hpp"
#include "core/table/parts.hpp"
#include "core/table/render/text.hpp"
#include "core/table/report_fixture.hpp"
#include "temporary_folder.hpp"

namespace ktb::core {
namespace {

using ::testing::AllOf;
using testing::Bench;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::hub_bench;
using testing::hub_spec;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

TableSpec plain_spec() {
  TableSpec spec;
  spec.name = "main";
  spec.metrics = {"top1"};
  return spec;
}

Axes at(const std::string& method, const std::string& pair = "a -> b") {
  return {{"method", method}, {"pair", pair}, {"dataset", "images"}};
}

const Row& row_of(const Table& table, const std::string& label) {
  for (const Row& row : table.rows) {
    if (!row.labels.empty() && row.labels.back() == label) return row;
  }
  throw std::out_of_range("no row " + label);
}

Mark mark_of(const Table& table, const std::string& label) {
  return row_of(table, label).entries.at(0).mark;
}

std::vector<std::string> labels_of(const Table& table) {
  std::vector<std::string> labels;
  for (const Row& row : table.rows) labels.push_back(row.labels.front());
  return labels;
}

TEST(Table, EntriesHaveMeanSpreadAndCount) {
  Bench bench;
  bench.cell(at("kd"), {.70, .72, .74});
  TableSpec spec = plain_spec();
  const Entry entry = build_table(bench.plan, spec, bench.outcomes).rows.at(0).entries.at(0);
  EXPECT_EQ(entry.state, State::kComplete);
  EXPECT_NEAR(entry.mean, 72, 1e-9);
  EXPECT_EQ(entry.value + "±" + entry.spread, "72.0±2.0");
  EXPECT_EQ(entry.values.size(), 3U);
  const auto spread = [&](const std::string& name) {
    spec.spread = name;
    return build_table(bench.plan, spec, bench.outcomes).rows.at(0).entries.at(0).spread;
  };
  EXPECT_EQ(spread("se"), "1.2");
  EXPECT_EQ(spread("ci"), "5.0");
  EXPECT_EQ(spread("range"), "[70.0, 74.0]");
  EXPECT_EQ(spread("none"), "");
}

TEST(Table, RowsAndColumnsFollowTheSuite) {
  Bench bench;
  bench.plan.order = {{"method", {"scratch", "kd"}}, {"pair", {"z -> y", "a -> b"}}};
  for (const char* method : {"kd", "scratch"}) {
    for (const char* pair : {"a -> b", "z -> y"}) bench.cell(at(method, pair), {.5, .6});
  }
  const Table table = build_table(bench.plan, plain_spec(), bench.outcomes);
  EXPECT_THAT(labels_of(table), ElementsAre("scratch", "kd"));
  EXPECT_EQ(table.columns.at(0).heads.at(0), "z -> y");
}

TEST(Table, OrderOfRecordsNeverChangesATable) {
  const Bench bench = hub_bench();
  const auto text = [](const Bench& one) {
    return render_text(build_table(one.plan, hub_spec(), one.outcomes));
  };
  const std::string wanted = text(bench);
  std::mt19937 random(1);
  for (int round = 0; round < 20; ++round) {
    Bench shuffled = bench;
    std::shuffle(shuffled.plan.trials.begin(), shuffled.plan.trials.end(), random);
    std::shuffle(shuffled.plan.cells.begin(), shuffled.plan.cells.end(), random);
    for (Cell& cell : shuffled.plan.cells) {
      std::shuffle(cell.samples.begin(), cell.samples.end(), random);
    }
    ASSERT_EQ(text(shuffled), wanted);
  }
}

TEST(Table, WhatTieWithTheBestIsMarked) {
  Bench bench;
  bench.cell(at("close"), {.70, .73, .71});
  bench.cell(at("best"), {.71, .72, .73});
  bench.cell(at("far"), {.60, .61, .62});
  const Table table = build_table(bench.plan, plain_spec(), bench.outcomes);
  EXPECT_EQ(mark_of(table, "best"), Mark::kTied);
  EXPECT_EQ(mark_of(table, "close"), Mark::kTied);
  EXPECT_EQ(mark_of(table, "far"), Mark::kNone);
  EXPECT_THAT(table.legend, ElementsAre("= the best, or not told from it: paired 95 % interval (t, "
                                        "df 2) includes 0"));
  TableSpec spec = plain_spec();
  spec.marks = "best";
  const Table bests = build_table(bench.plan, spec, bench.outcomes);
  EXPECT_EQ(mark_of(bests, "best"), Mark::kNone) << "it is not the best alone";
  EXPECT_EQ(mark_of(bests, "close"), Mark::kNone);
  EXPECT_THAT(bests.legend, IsEmpty());
}

TEST(Table, ALoneBestHasAMarkOfItsOwn) {
  Bench bench;
  bench.cell(at("best"), {.81, .82, .83});
  bench.cell(at("next"), {.71, .72, .73});
  Cell& third = bench.cell(at("third"), {.60, .61, .62});
  TableSpec spec = plain_spec();
  for (const char* marks : {"tied", "best"}) {
    spec.marks = marks;
    const Table table = build_table(bench.plan, spec, bench.outcomes);
    EXPECT_EQ(mark_of(table, "best"), Mark::kBest) << marks;
    EXPECT_EQ(mark_of(table, "next"), Mark::kNone) << marks;
    EXPECT_THAT(table.legend, ElementsAre("! the best, told from every other: paired 95 % interval "
                                          "(t, df 2) excludes 0"));
    EXPECT_THAT(render_text(table), HasSubstr("82.0±1.0!"));
  }
  bench.forget(third, 0);
  bench.forget(third, 1);
  spec.marks = "tied";
  const Table table = build_table(bench.plan, spec, bench.outcomes);
  EXPECT_EQ(mark_of(table, "best"), Mark::kTied) << "one seed of another cannot be told from it";
  EXPECT_EQ(mark_of(table, "third"), Mark::kNone) << "it is not complete";
}

TEST(Table, EqualValuesTie) {
  Bench bench;
  bench.cell(at("one"), {.7, .7, .7});
  bench.cell(at("other"), {.7, .7, .7});
  const Table table = build_table(bench.plan, plain_spec(), bench.outcomes);
  for (const Row& row : table.rows) EXPECT_EQ(row.entries[0].mark, Mark::kTied);
}

TEST(Table, TheLowestLossIsTheBest) {
  Bench bench;
  bench.cell(at("low"), {.1, .1, .1});
  bench.cell(at("high"), {.9, .91, .92});
  for (auto& [id, record] : bench.outcomes.records)
    record.metrics["loss"] = record.metrics.at("top1");
  TableSpec spec = plain_spec();
  spec.metrics = {"loss"};
  const Table table = build_table(bench.plan, spec, bench.outcomes);
  EXPECT_EQ(mark_of(table, "low"), Mark::kBest);
  EXPECT_EQ(mark_of(table, "high"), Mark::kNone);
  EXPECT_EQ(row_of(table, "low").entries[0].value, "0.100");
}

TEST(Table, OneSeedCarriesNoMark) {
  Bench bench;
  bench.cell(at("kd"), {.9});
  bench.cell(at("scratch"), {.1});
  TableSpec spec = plain_spec();
  spec.baseline = "scratch";
  const Table table = build_table(bench.plan, spec, bench.outcomes);
  EXPECT_EQ(mark_of(table, "kd"), Mark::kNone);
  EXPECT_EQ(row_of(table, "kd").entries[0].spread, "");
  EXPECT_NEAR(row_of(table, "kd").entries[0].difference->mean, 80, 1e-9);
  EXPECT_TRUE(std::isnan(row_of(table, "kd").entries[0].difference->low));
  EXPECT_THAT(table.caption, Contains("no spread"));
}

TEST(Table, AMissingSeedShowsAndCarriesNoMark) {
  Bench bench;
  Cell& kd = bench.cell(at("kd"), {.90, .91, .92});
  bench.forget(kd, 1);
  bench.cell(at("scratch"), {.10, .11, .12});
  const Table table = build_table(bench.plan, plain_spec(), bench.outcomes);
  const Entry& entry = row_of(table, "kd").entries[0];
  EXPECT_EQ(entry.state, State::kPartial);
  EXPECT_EQ(entry.mark, Mark::kNone);
  EXPECT_EQ(mark_of(table, "scratch"), Mark::kNone) << "the leader is not complete";
  EXPECT_THAT(render_text(table), HasSubstr("91.0 (2/3)"));
}

TEST(Table, ADivergedSeedIsFootnoted) {
  Bench bench;
  Cell& kd = bench.cell(at("kd"), {.90, .91, .92});
  bench.fail(kd, 2, Status::kDiverged, "loss is not finite at step 812");
  const Table table = build_table(bench.plan, plain_spec(), bench.outcomes);
  EXPECT_THAT(table.footnotes, ElementsAre("seed 2 diverged: loss is not finite at step 812"));
  EXPECT_THAT(render_text(table), HasSubstr("90.5 (2/3) a"));
}

TEST(Table, StatesOfEntriesWithoutValues) {
  Bench bench;
  Cell failed = bench.cell(at("failed"), {.9});
  bench.fail(failed, 0, Status::kOutOfMemory, "");
  Cell running = bench.cell(at("running"), {.9, .8});
  bench.forget(running, 0);
  bench.forget(running, 1);
  bench.outcomes.running.insert(running.samples[1].trial);
  Cell pending = bench.cell(at("pending"), {.9});
  bench.forget(pending, 0);
  bench.hole(at("hole"), "label spaces differ");
  const Table table = build_table(bench.plan, plain_spec(), bench.outcomes);
  EXPECT_EQ(row_of(table, "failed").entries[0].state, State::kFailed);
  EXPECT_EQ(row_of(table, "running").entries[0].state, State::kRunning);
  EXPECT_EQ(row_of(table, "pending").entries[0].state, State::kPending);
  EXPECT_EQ(row_of(table, "hole").entries[0].state, State::kHole);
  EXPECT_THAT(table.footnotes, ElementsAre("seed 0 ran out of memory", "label spaces differ"));
}

TEST(Table, ACellThatTheSuiteLacksIsNotSilent) {
  Bench bench;
  bench.cell(at("kd", "a -> b"), {.5, .6});
  bench.cell(at("kd", "c -> d"), {.5, .6});
  bench.cell(at("scratch", "a -> b"), {.5, .6});
  const Table table = build_table(bench.plan, plain_spec(), bench.outcomes);
  EXPECT_EQ(row_of(table, "scratch").entries[1].state, State::kHole);
  EXPECT_THAT(table.footnotes, ElementsAre("the suite asks for no such cell"));
}

TEST(Table, TwoCellsOnOneEntryAreRefused) {
  Bench bench;
  Axes first = at("kd"), second = at("kd");
  first["option.T"] = "1";
  second["option.T"] = "4";
  bench.cell(first, {.5});
  bench.cell(second, {.6});
  try {
    build_table(bench.plan, plain_spec(), bench.outcomes);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("they differ in option.T (1, 4)"));
  }
}

TEST(Table, OneCellOfTwoGridsIsOneEntry) {
  Bench bench;
  Axes first = at("kd"), second = at("kd");
  first["grid"] = "same";
  second["grid"] = "all";
  bench.cell(first, {.5, .6});
  Cell copy = bench.plan.cells.back();
  copy.axes = second;
  bench.plan.cells.push_back(copy);
  EXPECT_EQ(build_table(bench.plan, plain_spec(), bench.outcomes).rows.size(), 1U);
}

TEST(Table, WhereChoosesCells) {
  Bench bench;
  bench.cell(at("kd"), {.5});
  bench.cell(at("kd_long"), {.5});
  bench.cell(at("scratch"), {.5});
  TableSpec spec = plain_spec();
  spec.where = {{"method", {"kd*"}}};
  EXPECT_THAT(labels_of(build_table(bench.plan, spec, bench.outcomes)),
              ElementsAre("kd", "kd_long"));
}

TEST(Table, DifferencesArePairedBySeed) {
  Bench bench;
  Cell kd = bench.cell(at("kd"), {.72, .75, .79});
  bench.cell(at("scratch"), {.70, .71, .72});
  bench.forget(kd, 1);
  TableSpec spec = plain_spec();
  spec.baseline = "scratch";
  const Table table = build_table(bench.plan, spec, bench.outcomes);
  const Difference& difference = *row_of(table, "kd").entries[0].difference;
  EXPECT_EQ(difference.pairs, 2U);
  EXPECT_NEAR(difference.mean, 4.5, 1e-9);
  EXPECT_TRUE(std::isnan(difference.p)) << "an incomplete entry is not tested";
  EXPECT_TRUE(row_of(table, "scratch").baseline);
  EXPECT_FALSE(row_of(table, "scratch").entries[0].difference.has_value());
}

TEST(Table, ThreeSeedsCannotCarryASignificanceMark) {
  Bench bench;
  bench.cell(at("kd"), {.90, .91, .92});
  bench.cell(at("scratch"), {.10, .11, .12});
  TableSpec spec = plain_spec();
  spec.baseline = "scratch";
  const Table table = build_table(bench.plan, spec, bench.outcomes);
  EXPECT_FALSE(row_of(table, "kd").entries[0].significant);
  EXPECT_THAT(table.legend, Contains(HasSubstr("with 3 seeds the exact signed-rank test cannot go "
                                               "below p = 0.25")));
}

TEST(Table, EnoughSeedsCarryAMarkAndHolmCorrectsIt) {
  Bench bench;
  std::vector<double> low, high, noise;
  for (int seed = 0; seed < 6; ++seed) {
    low.push_back(.5 + .01 * seed);
    high.push_back(.7 + .011 * seed);
    noise.push_back(.5 + .01 * (5 - seed));
  }
  bench.cell(at("scratch"), low);
  bench.cell(at("kd"), high);
  TableSpec spec = plain_spec();
  spec.baseline = "scratch";
  Table table = build_table(bench.plan, spec, bench.outcomes);
  EXPECT_TRUE(row_of(table, "kd").entries[0].significant);
  EXPECT_NEAR(row_of(table, "kd").entries[0].difference->p, 0.03125, 1e-12);
  EXPECT_THAT(render_text(table), HasSubstr("72.8±2.1!*"));
  bench.cell(at("noise"), noise);
  table = build_table(bench.plan, spec, bench.outcomes);
  EXPECT_FALSE(row_of(table, "kd").entries[0].significant) << "two comparisons need p <= 0.025";
  EXPECT_NEAR(row_of(table, "kd").entries[0].difference->p_adjusted, 0.0625, 1e-12);
  spec.marks = "none";
  table = build_table(bench.plan, spec, bench.outcomes);
  EXPECT_EQ(mark_of(table, "kd"), Mark::kNone);
  EXPECT_THAT(table.legend, IsEmpty());
}

TEST(Table, DerivedRowPicksOnValidation) {
  const Bench bench = hub_bench();
  const Table table = build_table(bench.plan, hub_spec(), bench.outcomes);
  EXPECT_THAT(labels_of(table), ElementsAre("chance", "scratch", "best single", "zoo_tuning",
                                            "hub_pathway", "mixture"));
  // the third source is best on validation, the fourth on test
  const Row& row = row_of(table, "best single");
  EXPECT_EQ(row.kind, RowKind::kDerived);
  EXPECT_NEAR(row.entries[0].mean, 49, 1e-9);
  EXPECT_THAT(row.notes, ElementsAre("of 4, picked on validation"));
}

TEST(Table, DerivedRowWithoutValidationSaysSo) {
  Bench bench = hub_bench();
  for (auto& [id, record] : bench.outcomes.records) record.validation.clear();
  const Table table = build_table(bench.plan, hub_spec(), bench.outcomes);
  EXPECT_NEAR(row_of(table, "best single").entries[0].mean, 51, 1e-9);
  EXPECT_THAT(row_of(table, "best single").notes,
              ElementsAre("of 4, picked on the test split: optimistic"));
}

TEST(Table, DerivedRowWaitsForAllItsCells) {
  Bench bench = hub_bench();
  for (const Cell& cell : bench.plan.cells) {
    if (cell.axes.at("source") == "coded" && cell.axes.at("labels") == "1") bench.forget(cell, 0);
  }
  const Table table = build_table(bench.plan, hub_spec(), bench.outcomes);
  EXPECT_EQ(row_of(table, "best single").entries[2].state, State::kPending);
}

TEST(Table, TunedCellTakesTheValueThatValidationPrefers) {
  Bench bench;
  Cell& cell = bench.cell(at("kd"), {.70, .71});
  for (std::size_t seed = 0; seed < 2; ++seed) {
    bench.record(cell, seed).validation["top1"] = .5;
    const std::string other = bench.trial(at("kd-other"), seed);
    Record& record = bench.outcomes.records.at(other);
    record.status = Status::kOk;
    record.metrics["top1"] = .65;
    record.validation["top1"] = .6;
    cell.samples[seed].tuning = {other};
  }
  cell.candidates = {"T = 1", "T = 4"};
  TableSpec spec = plain_spec();
  spec.extra = {"cost"};
  Table table = build_table(bench.plan, spec, bench.outcomes);
  EXPECT_NEAR(table.rows[0].entries[0].mean, 65, 1e-9);
  EXPECT_THAT(table.rows[0].notes,
              ElementsAre("T = 4: picked on validation from 2 values, 2 extra trials"));
  EXPECT_EQ(table.rows[0].entries[1].value, "21.0") << "the tuning trials' seconds are charged";
  EXPECT_EQ(table.rows[0].entries[0].trials.at(0), cell.samples[0].tuning[0]);
  bench.outcomes.records.erase(cell.samples[0].tuning[0]);
  table = build_table(bench.plan, spec, bench.outcomes);
  EXPECT_EQ(table.rows[0].entries[0].state, State::kPending);
  EXPECT_THAT(table.rows[0].notes,
              ElementsAre("T: picked on validation from 2 values, 2 extra trials"))
      << "which one is not known yet";
}

/// A cell of one seed with two values of T, of which validation prefers the one asked for; 0: none.
void add_tuned(Bench& bench, const std::string& pair, int preferred) {
  Cell& cell = bench.cell(at("kd", pair), {.70});
  const std::string other = bench.trial(at("kd-other", pair), 0);
  bench.outcomes.records.at(other).status = Status::kOk;
  bench.outcomes.records.at(other).metrics["top1"] = .65;
  cell.samples[0].tuning = {other};
  cell.candidates = {"T = 1", "T = 4"};
  if (preferred == 0) return;
  bench.record(cell, 0).validation["top1"] = preferred == 1 ? .6 : .5;
  bench.outcomes.records.at(other).validation["top1"] = preferred == 1 ? .5 : .6;
}

TEST(Table, WherePickedValuesDifferEachEntryNamesItsOwn) {
  Bench bench;
  add_tuned(bench, "a -> b", 1);
  add_tuned(bench, "b -> a", 4);
  const Table table = build_table(bench.plan, plain_spec(), bench.outcomes);
  EXPECT_THAT(table.rows[0].notes,
              ElementsAre("T: picked on validation from 2 values, 2 extra trials"));
  EXPECT_THAT(table.rows[0].entries[0].notes, ElementsAre("T = 1"));
  EXPECT_THAT(table.rows[0].entries[1].notes, ElementsAre("T = 4"));
  EXPECT_EQ(table.rows[0].entries[1].value, "65.0");
}

TEST(Table, AValueThatNothingPickedIsCalledTheFirst) {
  Bench bench;
  add_tuned(bench, "a -> b", 0);
  const Table table = build_table(bench.plan, plain_spec(), bench.outcomes);
  EXPECT_THAT(table.rows[0].notes,
              ElementsAre("T = 1 (the first, as validation tells none apart): 2 values, 1 extra "
                          "trials"));
}

TEST(Pick, IsByTheMetricOfTheTablesThatShowTheCell) {
  Bench bench;
  add_tuned(bench, "a -> b", 1);
  Cell& cell = bench.plan.cells[0];
  bench.record(cell, 0).validation["loss"] = 2;
  bench.outcomes.records.at(cell.samples[0].tuning[0]).validation["loss"] = 1;
  const auto candidates = [&] {
    std::vector<std::size_t> all;
    for (const Pick& one : picks(bench.plan, cell, bench.outcomes)) all.push_back(one.candidate);
    return all;
  };
  EXPECT_THAT(candidates(), ElementsAre(0U)) << "by the task's own";
  bench.plan.tables = {plain_spec(), plain_spec()};
  bench.plan.tables[1].metrics = {"loss"};
  EXPECT_THAT(candidates(), ElementsAre(0U, 1U)) << "the lowest loss is the best";
  bench.plan.tables[1].where["pair"] = {"x -> y"};
  EXPECT_THAT(candidates(), ElementsAre(0U));
}

TEST(Table, WhatCannotBeToldHereIsNotCalledNotRunYet) {
  Bench bench;
  bench.cell(at("scratch"), {.70});
  const Cell& lacking = bench.empty_cell(at("kd"), 1);
  bench.forget(lacking, 0);
  bench.plan.trials.back().lacks = {"no method plugin is called `kd`"};
  const Table table = build_table(bench.plan, plain_spec(), bench.outcomes);
  EXPECT_EQ(table.rows[1].entries[0].state, State::kHole);
  EXPECT_THAT(table.footnotes, ElementsAre("cannot be told here: no method plugin is called `kd`"));
  EXPECT_THAT(table.legend, Not(Contains(HasSubstr("not run yet"))));
}

TEST(Table, APlanThatIsNotTheSuitesIsNamedFirst) {
  Bench bench;
  bench.cell(at("kd"), {.70});
  bench.plan.caveat = "as planned on 2024-05-01T12:00:00Z with --set recipe.epochs=1";
  const Table table = build_table(bench.plan, plain_spec(), bench.outcomes);
  EXPECT_EQ(table.caption.front(), bench.plan.caveat);
  EXPECT_THAT(table.prose, ::testing::StartsWith("As planned on 2024-05-01T12:00:00Z with --set "
                                                 "recipe.epochs=1. "));
  const std::string text = render_text(table);
  EXPECT_THAT(text.substr(0, text.find('\n')), HasSubstr("as planned on 2024-05-01T12:00:00Z"));
}

TEST(Table, SelectionOnTheTestSplitIsMarked) {
  Bench bench;
  Cell& cell = bench.cell(at("kd"), {.70, .71});
  for (std::size_t seed = 0; seed < 2; ++seed)
    bench.record(cell, seed).selected["rule"] = "best-test";
  const Table table = build_table(bench.plan, plain_spec(), bench.outcomes);
  EXPECT_THAT(table.rows[0].notes, Contains(HasSubstr("picked on the test split")));
  EXPECT_THAT(table.caption, Contains("best epoch by TEST"));
}

TEST(Table, MeanColumnIsPairedOverSeeds) {
  Bench bench;
  bench.cell(at("kd", "a -> b"), {.70, .80});
  bench.cell(at("kd", "c -> d"), {.50, .40});
  TableSpec spec = plain_spec();
  spec.mean = true;
  Table table = build_table(bench.plan, spec, bench.outcomes);
  EXPECT_EQ(table.rows[0].entries[2].value, "60.0");
  EXPECT_EQ(table.rows[0].entries[2].spread, "0.0");
  bench.forget(bench.plan.cells[1], 0);
  table = build_table(bench.plan, spec, bench.outcomes);
  EXPECT_EQ(table.rows[0].entries[2].state, State::kHole);
  EXPECT_THAT(table.footnotes, Contains("a mean needs every column and seed"));
}

TEST(Table, SharesAndInferenceAreMeansOfThoseThatHaveThem) {
  Bench bench;
  bench.cell(at("finetune"), {.70, .71});
  bench.cell(at("hub_pathway"), {.70, .71});
  Cell &alone = bench.plan.cells[0], &hub = bench.plan.cells[1];
  for (std::size_t seed = 0; seed < 2; ++seed) {
    bench.record(hub, seed).metrics["share.fonts"] = seed == 0 ? .25 : .5;
    bench.record(hub, seed).metrics["share.turned"] = seed == 0 ? .75 : .5;
    for (Cell* cell : {&alone, &hub}) {
      bench.record(*cell, seed).cost["flops_per_example"] = cell == &hub ? 3e6 : 1.5e6;
      bench.record(*cell, seed).cost["predictions_per_second"] = 1000;
    }
  }
  TableSpec spec = plain_spec();
  spec.extra = {"shares", "inference"};
  Table table = build_table(bench.plan, spec, bench.outcomes);
  const auto texts = [&](std::size_t row) {
    std::vector<std::string> values;
    for (std::size_t i = 1; i < 5; ++i) values.push_back(table.rows[row].entries[i].value);
    return values;
  };
  EXPECT_THAT(table.columns[1].heads, Contains("share fonts %"));
  EXPECT_THAT(texts(0), ElementsAre("", "", "1.50", "1000"));
  EXPECT_THAT(texts(1), ElementsAre("38", "62", "3.00", "1000"));
  bench.record(hub, 1).provenance["device"] = "some GPU";
  table = build_table(bench.plan, spec, bench.outcomes);
  EXPECT_THAT(texts(1), ElementsAre("38", "62", "3.00", "-"));
}

TEST(Table, SecondsAreBlankWhereMachinesMix) {
  Bench bench;
  Cell& cell = bench.cell(at("kd"), {.70, .71});
  TableSpec spec = plain_spec();
  spec.extra = {"cost", "n"};
  Table table = build_table(bench.plan, spec, bench.outcomes);
  const auto texts = [&] {
    std::vector<std::string> values;
    for (std::size_t i = 1; i < 5; ++i) values.push_back(table.rows[0].entries[i].value);
    return values;
  };
  EXPECT_THAT(texts(), ElementsAre("2", "10.5", "278,324", "1,024"));
  bench.record(cell, 1).provenance["device"] = "some GPU";
  table = build_table(bench.plan, spec, bench.outcomes);
  EXPECT_THAT(texts(), ElementsAre("2", "-", "278,324", "1,024"));
  EXPECT_THAT(table.footnotes, Contains(HasSubstr("unlike machines")));
}

TEST(Table, CaptionSaysWhichDataAreGenerated) {
  Bench bench;
  Cell& cell = bench.cell(at("kd"), {.70, .71});
  const auto caption = [&] {
    return build_table(bench.plan, plain_spec(), bench.outcomes).caption;
  };
  EXPECT_THAT(caption(), Not(Contains(HasSubstr("generated"))));
  bench.record(cell, 1).provenance["data"] = "0123456789abcdef";
  EXPECT_THAT(caption(), Not(Contains(HasSubstr("generated"))));
  bench.record(cell, 1).provenance["data"] = "generated";
  EXPECT_THAT(caption(), Contains("generated data: images"));
}

TEST(Table, CaptionOfControlCountsTransitionsAndEpisodes) {
  Bench bench;
  Cell& cell = bench.cell(at("kd"), {.70, .71});
  const auto caption = [&] {
    return build_table(bench.plan, plain_spec(), bench.outcomes).caption;
  };
  bench.record(cell, 0).examples = {{"train", 600}, {"test", 200}};
  bench.record(cell, 1).examples = {{"train", 0}, {"test", 20}, {"transitions", 24000}};
  EXPECT_THAT(caption(), AllOf(Contains("600 training examples"), Contains("24000 transitions"),
                               Contains("200 test examples"), Contains("20 test episodes")));
  bench.record(cell, 0).examples = {{"train", 0}, {"test", 20}};  // nothing was learned there
  EXPECT_THAT(caption(), AllOf(Not(Contains(HasSubstr("examples"))), Contains("24000 transitions"),
                               Contains("20 test episodes")));
}

TEST(Table, SourceRowShowsTheSourcesOwnResult) {
  Bench bench;
  Cell& source =
      bench.cell({{"method", "scratch"}, {"pair", "big"}, {"dataset", "images"}}, {.80, .82});
  const std::vector<Sample> samples = source.samples;
  bench.cell(at("kd"), {.70, .71});
  bench.cell(at("kd:untrained"), {.50, .51});
  const std::string blank =
      bench.cell({{"method", "scratch"}, {"pair", "blank"}, {"dataset", "images"}}, {.10, .11})
          .samples[0]
          .trial;
  for (Trial& one : bench.plan.trials)
    if (one.id == bench.plan.cells[2].samples[0].trial) one.needs = {blank};
  const auto take_source = [&](std::size_t seed, const std::string& trial) {
    Sample& sample = bench.plan.cells[1].samples[seed];
    sample.sources = {trial};
    for (Trial& one : bench.plan.trials) {
      if (one.id == sample.trial) one.needs = {trial};
    }
  };
  for (std::size_t seed = 0; seed < 2; ++seed) take_source(seed, samples[seed].trial);
  TableSpec spec = plain_spec();
  spec.where = {{"pair", {"a -> b"}}};
  spec.extra = {"source"};
  Table table = build_table(bench.plan, spec, bench.outcomes);
  EXPECT_EQ(row_of(table, "source").entries[0].value, "81.0");
  EXPECT_THAT(table.caption, Contains("a source for each seed"));
  take_source(1, samples[0].trial);
  table = build_table(bench.plan, spec, bench.outcomes);
  EXPECT_EQ(row_of(table, "source").entries[0].value, "80.0");
  EXPECT_THAT(table.caption, Contains("one source for all seeds"));

  take_source(1, samples[1].trial);
  Record& coded = bench.outcomes.records.at(samples[1].trial);
  coded.metrics = {{"r2", .3}};
  coded.selected["metric"] = "r2";
  table = build_table(bench.plan, spec, bench.outcomes);
  EXPECT_EQ(row_of(table, "source").entries[0].value, "-");
  EXPECT_THAT(row_of(table, "source").entries[0].notes,
              ElementsAre("no one figure for sources judged by R2, top-1 %"));
}

TEST(Table, TasksAreNeverCompared) {
  Bench bench;
  const auto row = [](const std::string& dataset, const std::string& method) {
    return Axes{{"dataset", dataset}, {"method", method}, {"pair", "a -> b"}};
  };
  bench.cell(row("easy", "kd"), {.90, .91, .92});
  bench.cell(row("easy", "scratch"), {.80, .81, .82});
  bench.cell(row("hard", "kd"), {.30, .31, .32});
  bench.cell(row("hard", "scratch"), {.20, .21, .22});
  TableSpec spec = plain_spec();
  spec.rows = {"dataset", "method"};
  spec.baseline = "scratch";
  const Table table = build_table(bench.plan, spec, bench.outcomes);
  ASSERT_EQ(table.rows.size(), 4U);
  EXPECT_EQ(table.rows[0].entries[0].mark, Mark::kBest);
  EXPECT_EQ(table.rows[2].entries[0].mark, Mark::kBest);
  EXPECT_NEAR(table.rows[2].entries[0].difference->mean, 10, 1e-9);
}

TEST(Table, MethodsMayStandInColumns) {
  Bench bench;
  bench.cell(at("kd", "a -> b"), {.90, .91, .92});
  bench.cell(at("scratch", "a -> b"), {.80, .81, .82});
  TableSpec spec = plain_spec();
  spec.rows = {"pair"};
  spec.cols = {"method"};
  spec.baseline = "scratch";
  const Table table = build_table(bench.plan, spec, bench.outcomes);
  EXPECT_TRUE(table.columns[1].baseline);
  EXPECT_EQ(table.rows[0].entries[0].mark, Mark::kBest);
  EXPECT_NEAR(table.rows[0].entries[0].difference->mean, 10, 1e-9);
}

class PublishedTest : public ::testing::Test {
 protected:
  PublishedTest() {
    bench_.cell(at("kd"), {.70, .71, .72});
    for (const auto& [id, record] : bench_.outcomes.records) {
      TrialSpec& trial = bench_.outcomes.specs[id];
      trial.recipe.epochs = 240;
      trial.task.plugin = "images";
    }
    spec_.extra = {"published"};
  }
  Entry entry(double value, const std::map<std::string, std::string>& protocol) {
    Published published;
    PublishedValue one;
    one.axes = {{"method", "kd"}};
    one.metric = "top1";
    one.value = value;
    one.protocol = protocol;
    one.sd = sd_;
    one.n = n_;
    published.values = {one};
    const Table table = build_table(bench_.plan, spec_, bench_.outcomes, published);
    row_ = row_of(table, "kd published");
    return row_.entries.at(0);
  }
  Bench bench_;
  Row row_;
  std::optional<double> sd_;
  std::size_t n_ = 0;
  TableSpec spec_ = plain_spec();
};

TEST_F(PublishedTest, VerdictSaysWhereOursStands) {
  EXPECT_EQ(entry(.72, {{"epochs", "240"}, {"dataset", "images"}}).verdict, "within");
  EXPECT_EQ(entry(.60, {}).verdict, "above");
  EXPECT_EQ(entry(.90, {}).verdict, "below");
}

TEST_F(PublishedTest, AnotherProtocolIsNotComparable) {
  const Entry other = entry(.72, {{"epochs", "100"}, {"select", "last"}, {"mixup", "0.2"}});
  EXPECT_EQ(other.verdict, "not comparable");
  EXPECT_THAT(other.notes, IsEmpty());
  EXPECT_THAT(row_.notes,
              ElementsAre("not comparable: epochs 100, here 240; mixup 0.2, here not known"));
}

TEST_F(PublishedTest, NothingAndEverythingHaveNames) {
  entry(.72, {{"augment", "flip"}, {"train", "400"}});
  EXPECT_THAT(row_.notes,
              ElementsAre("not comparable: augment flip, here none; train 400, here all"));
  EXPECT_EQ(entry(.72, {{"augment", ""}, {"train", "all"}}).verdict, "within");
}

TEST_F(PublishedTest, ASpreadOverUnknownRunsCountsAsThatOfOneRun) {
  sd_ = .03;  // ours: 0.71, sd 0.01, n 3: half width 4.30 * sqrt(0.01^2 / 3 + 0.03^2) = 0.131
  EXPECT_EQ(entry(.83, {}).verdict, "within");
  EXPECT_EQ(entry(.85, {}).verdict, "below");
  n_ = 5;  // Welch
  EXPECT_EQ(entry(.83, {}).verdict, "below");
  EXPECT_EQ(entry(.74, {}).verdict, "within");
  sd_.reset();  // 4.30 * 0.01 / sqrt(3) = 0.0248
  EXPECT_EQ(entry(.74, {}).verdict, "below");
  EXPECT_EQ(entry(.73, {}).verdict, "within");
}

TEST(Published, ReadsTomlAndNamesTheLine) {
  const TemporaryFolder folder;
  const std::string path = folder.path() / "ktb_published.toml";
  std::ofstream(path)
      << "source = \"a paper\"\n[protocol]\nepochs = 240\noptimizer.lr = 0.05\n"
         "[[value]]\nmethod = \"kd\"\nmetric = \"top1\"\nvalue = 0.5\nsd = 0.01\nn = 5\n"
         "protocol = { select = \"best-test\" }\n";
  const Published published = read_published(path);
  const PublishedValue* value = published.find({{"method", "kd"}, {"pair", "x"}}, "top1");
  ASSERT_NE(value, nullptr);
  EXPECT_EQ(value->protocol.at("epochs"), "240");
  EXPECT_EQ(value->protocol.at("optimizer.lr"), "0.05");
  EXPECT_EQ(value->protocol.at("select"), "best-test");
  EXPECT_EQ(value->source, "a paper");
  EXPECT_EQ(value->n, 5U);
  EXPECT_EQ(published.find({{"method", "scratch"}}, "top1"), nullptr);
  std::ofstream(path) << "[[value]]\nmetric = \"top1\"\nvalue = \"high\"\n";
  try {
    read_published(path);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("ktb_published.toml:3:9: `value` must be a number"));
  }
}

TEST(Published, TheFirstNumberThatFitsIsTaken) {
  Published both;
  for (const double value : {.5, .6}) {
    PublishedValue one;
    one.axes = {{"method", value < .55 ? "kd" : "*"}};
    one.metric = "top1";
    one.value = value;
    both.values.push_back(one);
  }
  EXPECT_EQ(both.find({{"method", "kd"}}, "top1")->value, .5);
  EXPECT_EQ(both.find({{"method", "at"}}, "top1")->value, .6);
}

TEST(Published, ReadsTablesOfNumbers) {
  const TemporaryFolder folder;
  const std::string path = folder.path() / "ktb_published_table.toml";
  const std::string head =
      "[protocol]\nepochs = 240\n[[table]]\nmetric = \"top1\"\nrows = \"method\"\n"
      "cols = \"pair\"\ndataset = \"images\"\ncolumns = [\"a -> b\", \"c -> *\"]\n";
  std::ofstream(path) << head
                      << "values.kd = [0.5, 0.6]\nvalues.at = [nan, 0.7]\nsd.at = [nan, 0.01]\n"
                         "protocols.at = { p = 2 }\n";
  const Published published = read_published(path);
  EXPECT_EQ(published.values.size(), 3U);
  const auto find = [&](const std::string& method, const std::string& pair) {
    return published.find({{"method", method}, {"pair", pair}, {"dataset", "images"}}, "top1");
  };
  ASSERT_NE(find("kd", "a -> b"), nullptr);
  EXPECT_EQ(find("kd", "a -> b")->value, 0.5);
  EXPECT_EQ(find("kd", "a -> b")->protocol.count("p"), 0U);
  EXPECT_FALSE(find("kd", "a -> b")->sd);
  EXPECT_EQ(find("at", "a -> b"), nullptr);
  ASSERT_NE(find("at", "c -> d"), nullptr);
  EXPECT_EQ(find("at", "c -> d")->sd, 0.01);
  EXPECT_EQ(find("at", "c -> d")->protocol.at("p"), "2");
  EXPECT_EQ(find("at", "c -> d")->protocol.at("epochs"), "240");
  std::ofstream(path) << head << "values.kd = [0.5]\n";
  EXPECT_THAT(
      [&] { read_published(path); },
      ::testing::ThrowsMessage<Error>(HasSubstr(":9:13: row `kd` needs 2 numbers, one a column")));
}

TEST(Table, DifferenceTableHoldsOnlyWhatWasCompared) {
  const Bench bench = hub_bench();
  const Table table = difference_table(build_table(bench.plan, hub_spec(), bench.outcomes));
  EXPECT_THAT(labels_of(table), ElementsAre("scratch", "hub_pathway", "mixture"));
  EXPECT_THAT(table.title, HasSubstr("best single"));
  TableSpec none = hub_spec();
  none.baseline.clear();
  EXPECT_THAT(difference_table(build_table(bench.plan, none, bench.outcomes)).rows, IsEmpty());
}

TEST(Table, DifferenceViewSaysWhatHelpsAndWhatHurts) {
  Bench bench;
  bench.plan.order = {{"method", {"scratch", "kd", "share", "at"}}};
  bench.cell(at("scratch"), {.70, .72, .74});
  bench.cell(at("kd"), {.75, .77, .792});
  bench.cell(at("share"), {.65, .67, .692});
  bench.cell(at("at"), {.60, .72, .84});
  bench.hole(at("sp"), "unlike maps");
  TableSpec spec = plain_spec();
  spec.baseline = "scratch";
  spec.view = "difference";
  const Table table = build_table(bench.plan, spec, bench.outcomes);
  EXPECT_EQ(row_of(table, "scratch").entries[0].value, "72.0±2.0");
  EXPECT_EQ(row_of(table, "kd").entries[0].value, "+5.1");
  EXPECT_EQ(row_of(table, "kd").entries[0].verdict, "helps");
  EXPECT_EQ(row_of(table, "share").entries[0].verdict, "hurts");
  EXPECT_EQ(row_of(table, "at").entries[0].verdict, "");
  EXPECT_EQ(row_of(table, "sp").entries[0].state, State::kHole);
  EXPECT_THAT(table.footnotes, Contains("unlike maps"));
  EXPECT_THAT(difference_table(table).rows, IsEmpty());
  spec.effect = "dz";
  const Table with_effect = build_table(bench.plan, spec, bench.outcomes);
  EXPECT_THAT(difference_table(with_effect).rows, IsEmpty()) << "it shows them itself";
  EXPECT_EQ(row_of(effect_table(with_effect), "kd").entries[0].state, State::kFixed);
}

TEST(Table, DifferenceViewNotesAnUnequalBudget) {
  Bench bench;
  bench.cell(at("scratch"), {.70, .72});
  bench.cell(at("kd"), {.75, .77});
  for (auto& [id, record] : bench.outcomes.records)
    record.selected = {{"rule", "last"}, {"step", record.axes.at("method") == "kd" ? 20 : 10}};
  TableSpec spec = plain_spec();
  spec.baseline = "scratch";
  spec.view = "difference";
  const Table table = build_table(bench.plan, spec, bench.outcomes);
  EXPECT_THAT(table.footnotes, Contains("trained 20 steps, scratch 10"));
}

TEST(Table, AGainThatAControlHasTooIsNotCalledTransfer) {
  Bench bench;
  bench.cell(at("scratch"), {.70, .72, .74});
  bench.cell(at("kd"), {.75, .772, .791});
  bench.cell(at("kd:untrained"), {.751, .77, .792});
  bench.cell(at("kd:shuffled"), {.70, .722, .739});
  bench.cell(at("at"), {.75, .772, .791});
  bench.cell(at("at:untrained"), {.70, .722, .739});
  TableSpec spec = plain_spec();
  spec.baseline = "scratch";
  const Table table = build_table(bench.plan, spec, bench.outcomes);
  EXPECT_THAT(table.footnotes,
              ElementsAre(HasSubstr("not shown to transfer: 0.0 [-0.4, 0.4] to the same with an "
                                    "untrained source")));
  EXPECT_THAT(row_of(table, "kd").entries[0].notes, SizeIs(1));
  EXPECT_THAT(row_of(table, "at").entries[0].notes, IsEmpty());
}

TEST(Verdicts, SayWhatWasSeenOfEachClaim) {
  Bench bench;
  bench.cell(at("scratch"), {.70, .72, .74});
  bench.cell(at("kd"), {.75, .772, .791});
  bench.cell(at("at"), {.71, .70, .75});
  bench.empty_cell(at("sp"), 3);
  for (auto& [id, record] : bench.outcomes.records)
    if (record.axes.at("method") == "sp") record.status = Status::kCrashed;
  TableSpec spec = plain_spec();
  spec.view = "verdicts";
  const std::map<std::string, std::string> here = {{"pair", "a -> b"}};
  spec.claims = {{"KD helps", "kd", "scratch", "+", here},
                 {"KD hurts", "kd", "scratch", "-", here},
                 {"AT helps", "at", "scratch", "+", here},
                 {"SP helps", "sp", "scratch", "+", here}};
  const Table table = build_table(bench.plan, spec, bench.outcomes);
  const auto shown = [&](std::size_t row) {
    std::vector<std::string> texts = table.rows.at(row).labels;
    for (const auto& entry : table.rows.at(row).entries) texts.push_back(entry.value);
    return texts;
  };
  EXPECT_THAT(shown(0), ElementsAre("KD helps", "+", "+5.1", "[4.9, 5.3]", "holds"));
  EXPECT_THAT(shown(1), ElementsAre("KD hurts", "-", "+5.1", "[4.9, 5.3]", "does not hold"));
  EXPECT_EQ(shown(2).back(), "cannot tell");
  EXPECT_EQ(table.rows.at(3).entries.back().state, State::kPending);
  EXPECT_THAT(render_text(table), HasSubstr("verdict"));
}

TEST(Table, WithoutAMetricEachColumnHasItsTasks) {
  Bench bench;
  bench.cell(at("scratch", "a -> b"), {.70, .72});
  bench.cell(at("scratch", "b -> a"), {.30, .32});
  for (auto& [id, record] : bench.outcomes.records) {
    if (record.axes.at("pair") != "b -> a") continue;
    record.metrics = {{"f1", record.metrics.at("top1")}, {"exact_match", .1}};
    record.selected = {{"metric", "f1"}};
  }
  TableSpec spec = plain_spec();
  spec.metrics.clear();
  const Table table = build_table(bench.plan, spec, bench.outcomes);
  EXPECT_THAT(table.columns.at(0).heads, ElementsAre("a -> b", "top-1 %"));
  EXPECT_THAT(table.columns.at(1).heads, ElementsAre("b -> a", "F1 %"));
  EXPECT_EQ(table.rows.at(0).entries.at(1).value, "31.0");
}

/// One seed, 20 test samples: 18 and 8 of them are right, so ten speak for kd and none against it.
Bench judged_bench() {
  Bench bench;
  bench.judged_cell(at("scratch"), 20, {8});
  bench.judged_cell(at("kd"), 20, {18});
  return bench;
}

TableSpec judged_spec(const std::string& test) {
  TableSpec spec = plain_spec();
  spec.baseline = "scratch";
  spec.test = test;
  return spec;
}

TEST(TestOnSamples, McNemarTellsApartWhatOneSeedCannot) {
  const Bench bench = judged_bench();
  const Table table = build_table(bench.plan, judged_spec("mcnemar"), bench.outcomes);
  const Entry& kd = row_of(table, "kd").entries[0];
  EXPECT_NEAR(kd.difference->p, 2.0 / 1024, 1e-15);
  EXPECT_NEAR(kd.difference->mean, 50, 1e-9);
  EXPECT_TRUE(std::isnan(kd.difference->low)) << "one seed has no interval over seeds";
  EXPECT_TRUE(kd.significant);
  EXPECT_EQ(kd.mark, Mark::kBest);
  EXPECT_THAT(
      table.legend,
      ElementsAre("! the best, told from every other: exact McNemar test on test samples, p "
                  "<= 0.05",
                  HasSubstr("* differs from the baseline: exact McNemar test on test "
                            "samples, p <= 0.05 after Holm's correction over 1 comparison; "
                            "it speaks of these trained networks")));
}

TEST(TestOnSamples, ASampleCountsOnceHoweverManySeedsSawIt) {
  Bench bench;
  bench.judged_cell(at("scratch"), 20, {8, 8, 8});
  bench.judged_cell(at("kd"), 20, {18, 18, 18});
  const Table table = build_table(bench.plan, judged_spec("mcnemar"), bench.outcomes);
  EXPECT_NEAR(row_of(table, "kd").entries[0].difference->p, 2.0 / 1024, 1e-15);
}

TEST(TestOnSamples, BootstrapGivesTheIntervalToo) {
  const Bench bench = judged_bench();
  const Table table = build_table(bench.plan, judged_spec("bootstrap"), bench.outcomes);
  const Difference& difference = *row_of(table, "kd").entries[0].difference;
  // the differences of resamples are binomial: 20 draws, half of which are ones
  EXPECT_NEAR(difference.low, 30, 1e-9);
  EXPECT_NEAR(difference.high, 70, 1e-9);
  EXPECT_NEAR(difference.p, std::ldexp(2, -20), 1e-15);
  EXPECT_EQ(mark_of(table, "kd"), Mark::kBest);
  EXPECT_THAT(render_text(difference_table(table)),
              AllOf(HasSubstr("95 % interval (bootstrap over test samples)"),
                    HasSubstr("+50.0 [30.0, 70.0]")));
}

TEST(TestOnSamples, AMetricThatCountsNoSamplesIsNotTested) {
  Bench bench = judged_bench();
  for (auto& [id, record] : bench.outcomes.records) record.metrics["f1"] = .5;
  for (const char* test : {"mcnemar", "bootstrap"}) {
    TableSpec spec = judged_spec(test);
    spec.metrics = {"f1"};
    const Table table = build_table(bench.plan, spec, bench.outcomes);
    EXPECT_TRUE(std::isnan(row_of(table, "kd").entries[0].difference->p)) << test;
    EXPECT_THAT(table.legend,
                Contains("not tested, being no share of test samples that are right: F1 %"));
  }
}

TEST(TestOnSamples, WithoutStoredSamplesThereIsNoTest) {
  Bench bench = judged_bench();
  bench.outcomes.samples.clear();
  const Table table = build_table(bench.plan, judged_spec("mcnemar"), bench.outcomes);
  EXPECT_TRUE(std::isnan(row_of(table, "kd").entries[0].difference->p));
  EXPECT_FALSE(row_of(table, "kd").entries[0].significant);
  EXPECT_EQ(mark_of(table, "kd"), Mark::kNone);
}

TEST(Table, EffectSizesStandBelowTheDifferences) {
  Bench bench;
  bench.cell(at("scratch"), {.70, .70, .70, .70});
  bench.cell(at("kd"), {.71, .73, .72, .74});
  bench.cell(at("constant"), {.72, .72, .72, .72});
  TableSpec spec = plain_spec();
  spec.baseline = "scratch";
  EXPECT_THAT(effect_table(build_table(bench.plan, spec, bench.outcomes)).rows, IsEmpty());
  spec.effect = "dz";
  const Table table = build_table(bench.plan, spec, bench.outcomes);
  const Table effects = effect_table(table);
  EXPECT_NEAR(row_of(table, "kd").entries[0].difference->effect->size, 1.9364916731037085, 1e-9);
  EXPECT_EQ(row_of(effects, "kd").entries[0].value, "+1.94");
  EXPECT_EQ(row_of(effects, "kd").entries[0].spread, "[0.15, 3.67]");
  EXPECT_EQ(row_of(effects, "constant").entries[0].value, "+inf");
  EXPECT_EQ(row_of(effects, "constant").entries[0].spread, "");
  EXPECT_THAT(render_text(effects), HasSubstr("95 % interval (noncentral t)"));
}

/// Methods that keep their order on every data set.
Bench ranked_bench(const std::vector<std::string>& datasets) {
  Bench bench;
  double level = .5;
  for (const std::string& dataset : datasets) {
    for (const char* method : {"scratch", "kd", "at", "rkd"}) {
      bench.cell({{"method", method}, {"pair", "a -> b"}, {"dataset", dataset}},
                 {level, level + .01});
      level += .02;
    }
  }
  return bench;
}

TableSpec ranked_spec() {
  TableSpec spec = plain_spec();
  spec.cols = {"dataset"};
  spec.ranks = true;
  return spec;
}

TEST(Ranks, FriedmanStandsBelowAndNemenyiMarks) {
  const Bench bench = ranked_bench({"one", "two", "three", "four"});
  const Table table = build_table(bench.plan, ranked_spec(), bench.outcomes);
  ASSERT_EQ(table.columns.back().kind, ColumnKind::kRank);
  const auto rank = [&](const char* method) { return row_of(table, method).entries.back(); };
  EXPECT_EQ(rank("rkd").value, "1.00");
  EXPECT_EQ(rank("scratch").value, "4.00");
  EXPECT_NEAR(table.ranking->chi2, 12, 1e-9);
  EXPECT_NEAR(table.ranking->critical_difference, 2.3452, 1e-4);
  EXPECT_EQ(rank("rkd").mark, Mark::kTied);
  EXPECT_EQ(rank("at").mark, Mark::kTied) << "one rank is less than the critical difference";
  EXPECT_EQ(rank("kd").mark, Mark::kTied);
  EXPECT_EQ(rank("scratch").mark, Mark::kNone);
  EXPECT_THAT(table.legend,
              Contains("rank: mean over 4 data sets, 1 is the best; Friedman chi2(3) = 12.00, p = "
                       "0.0074, Iman-Davenport F(3, 9) = inf, p = 0; Nemenyi's critical difference "
                       "at 5 %: 2.35; ranks nearer to the best than that tie with it"));
}

TEST(Ranks, ARowWithAHoleHasNoneAndTheOthersDo) {
  Bench bench = ranked_bench({"one", "two", "three"});
  bench.cell({{"method", "half"}, {"pair", "a -> b"}, {"dataset", "one"}}, {.9, .91});
  bench.hole({{"method", "half"}, {"pair", "a -> b"}, {"dataset", "two"}}, "unlike maps", 2);
  bench.hole({{"method", "half"}, {"pair", "a -> b"}, {"dataset", "three"}}, "unlike maps", 2);
  const Table table = build_table(bench.plan, ranked_spec(), bench.outcomes);
  EXPECT_EQ(row_of(table, "half").entries.back().state, State::kHole);
  EXPECT_THAT(table.footnotes, Contains("a rank needs every column and seed"));
  EXPECT_EQ(row_of(table, "rkd").entries.back().value, "1.00");
}

TEST(Ranks, ColumnsOfOneDataSetAreNotCalledDataSets) {
  Bench bench;
  for (const char* pair : {"a -> b", "b -> a", "c -> a"}) {
    bench.cell(at("kd", pair), {.7, .71});
    bench.cell(at("scratch", pair), {.6, .61});
  }
  TableSpec spec = ranked_spec();
  spec.cols = {"pair"};
  EXPECT_THAT(build_table(bench.plan, spec, bench.outcomes).legend,
              Contains(HasSubstr("mean over 3 columns, which share data sets")));
}

TEST(Ranks, OneColumnHasNone) {
  const Bench bench = ranked_bench({"one"});
  const Table table = build_table(bench.plan, ranked_spec(), bench.outcomes);
  EXPECT_FALSE(table.ranking.has_value());
  EXPECT_THAT(table.legend, Contains(HasSubstr("no ranks: they need two columns")));
}

TEST(Fixed, HasNoNegativeZero) {
  EXPECT_EQ(fixed(-0.04, 1), "0.0");
  EXPECT_EQ(fixed(-0.06, 1), "-0.1");
  EXPECT_EQ(fixed(std::nan(""), 1), "nan");
}

}  // namespace
}  // namespace ktb::core
