// Attention maps and routes, from files of any origin to what a page shows of them.
#include "core/page/pictures.hpp"

#include <gmock/gmock.h>

#include <limits>

#include "core/page/markup.hpp"
#include "core/page/parts.hpp"
#include "core/table/build_table.hpp"
#include "core/table/report_fixture.hpp"

namespace ktb::core {
namespace {

using testing::count;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

StoredTensor reals(std::vector<std::int64_t> shape, std::vector<double> values) {
  return {std::move(shape), std::move(values), {}};
}
StoredTensor whole(std::vector<std::int64_t> values) {
  return {{static_cast<std::int64_t>(values.size())}, {}, std::move(values)};
}

TEST(Pictures, LargeMatricesAreAveragedOverEqualParts) {
  std::vector<double> values(64 * 33);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<double>(i / 33);
  const auto pictures = pictures_of({{}, {{"map", reals({64, 33}, values)}}});
  ASSERT_THAT(pictures.all, SizeIs(1));
  const Picture& map = pictures.all[0];
  EXPECT_EQ(map.rows, 64U);
  EXPECT_EQ(map.columns, 33U);
  ASSERT_THAT(map.values, SizeIs(32));
  EXPECT_THAT(map.values[0], SizeIs(32));
  EXPECT_EQ(map.values[0][0], 0.5);
  EXPECT_EQ(map.values[31][31], 62.5);
}

TEST(Pictures, WhatIsNoNumberDoesNotCount) {
  EXPECT_EQ(coarse({{1, kNan}, {3, kNan}}, 1), (std::vector<std::vector<double>>{{2}}));
  EXPECT_TRUE(std::isnan(coarse({{kNan}}, 4)[0][0]));
  EXPECT_THAT(coarse({}, 4), IsEmpty());
}

TEST(Pictures, WhatIsNoMatrixOfNumbersIsLeftOut) {
  EXPECT_THAT(pictures_of({{},
                           {{"negative", reals({-1, -1}, {1})},
                            {"empty", reals({0, 5}, {})},
                            {"cube", reals({1, 1, 1}, {1})},
                            {"scalar", reals({}, {1})},
                            {"whole", whole({1, 2})}}})
                  .all,
              IsEmpty());
  SafetensorsFile many;
  for (int i = 0; i < 40; ++i) many.tensors["map " + std::to_string(i)] = reals({1, 1}, {1});
  EXPECT_THAT(pictures_of(many).all, SizeIs(8));
  EXPECT_EQ(pictures_of(many).more, 32U);
}

TEST(Pictures, RoutesCountTheFirstMemberOfEachDomain) {
  const auto routes = pictures_of({{},
                                   {{"pathway", reals({3, 2}, {.9, .1, .2, .8, .3, .7})},
                                    {"domain", whole({0, 0, 1})}}})
                          .routes;
  ASSERT_TRUE(routes.has_value());
  EXPECT_THAT(routes->counts, ElementsAre(ElementsAre(1, 1), ElementsAre(0, 1)));
}

TEST(Pictures, RoutesThatDoNotFitTheirDomainsAreNone) {
  const auto routes = [](StoredTensor pathway, StoredTensor domain) {
    return pictures_of({{}, {{"pathway", std::move(pathway)}, {"domain", std::move(domain)}}})
        .routes;
  };
  const StoredTensor good = reals({2, 2}, {.9, .1, .2, .8});
  EXPECT_TRUE(routes(good, whole({0, 1})).has_value());
  EXPECT_FALSE(routes(good, whole({0, 1, 1})).has_value());
  EXPECT_FALSE(routes(good, whole({0})).has_value());
  EXPECT_FALSE(routes(good, whole({0, -1})).has_value());
  EXPECT_FALSE(routes(good, whole({0, 1'000'000'000'000})).has_value());
  EXPECT_FALSE(routes(good, reals({2}, {0, 1})).has_value());
  EXPECT_FALSE(routes(good, {{0}, {}, {}}).has_value());
  EXPECT_FALSE(routes(reals({-2, -2}, {1, 1, 1, 1}), whole({0, 1})).has_value());
  EXPECT_FALSE(routes(reals({4}, {1, 1, 1, 1}), whole({0, 1})).has_value());
  EXPECT_FALSE(routes(reals({1, 40}, std::vector<double>(40)), whole({0})).has_value());
  EXPECT_TRUE(routes(reals({1, 2}, {kNan, kNan}), whole({0})).has_value());
}

/// A cell of two seeds in a table of one column.
struct Charts {
  Charts() {
    cell = &bench.cell({{"dataset", "d"}, {"method", "hub_pathway"}, {"labels", "1"}}, {.5, .6});
    TableSpec spec;
    spec.name = "main";
    spec.cols = {"labels"};
    spec.metrics = {"top1"};
    table = build_table(bench.plan, spec, bench.outcomes);
  }
  std::string trial(std::size_t seed) const { return cell->samples[seed].trial; }

  testing::Bench bench;
  Cell* cell;
  Table table;
  PageInput input{bench.plan, {}, {}, {}, {}};
};

TEST(PageRoutes, AreABarADomainWithTheNamesOfPartsAndMembers) {
  Charts charts;
  charts.bench.plan.labels["ink"] = "Ink & paper";
  for (const std::size_t seed : {0U, 1U}) {
    charts.input.pictures[charts.trial(seed)].routes = Routes{{{3, 1}, {0, 4}}};
    TrialSpec& spec = charts.input.outcomes.specs[charts.trial(seed)];
    spec.task.plugin = "union";
    spec.task.options = {{"parts",
                          {{{"name", "letters"}, {"plugin", "p"}, {"options", Json::object()}},
                           {{"name", "clothes"}, {"plugin", "p"}, {"options", Json::object()}}}}};
    spec.sources.resize(2);
    spec.sources[0].name = "ink";
    spec.sources[1].name = "cloth";
  }
  const std::string text = route_charts(charts.input, charts.table);
  EXPECT_THAT(text, HasSubstr("Routes by domain: hub_pathway"));
  EXPECT_THAT(text, HasSubstr(">letters</text>"));
  EXPECT_THAT(text, HasSubstr("<title>Ink &amp; paper: 75 %</title>"));
  EXPECT_THAT(text, HasSubstr("<title>cloth: 100 %</title>"));
  EXPECT_EQ(count(text, "<figure"), 1U);
}

TEST(PageRoutes, NameNobodyWhereTheTrialDoesNotTell) {
  Charts charts;
  charts.input.pictures[charts.trial(0)].routes = Routes{{{3, 1}, {0, 4}}};
  charts.input.pictures[charts.trial(1)].routes = Routes{{{1, 1, 1}}};
  TrialSpec& spec = charts.input.outcomes.specs[charts.trial(0)];
  spec.task.plugin = "union";
  spec.task.options = {{"parts", "<none>"}};
  const std::string text = route_charts(charts.input, charts.table);
  EXPECT_THAT(text, HasSubstr(">domain 2</text>"));
  EXPECT_THAT(text, HasSubstr("<title>member 1: 75 %</title>"));
  EXPECT_EQ(route_charts(PageInput{charts.bench.plan, {}, {}, {}, {}}, charts.table), "");
}

TEST(PageAttention, IsOfTheFirstSeedThatKeptAny) {
  Charts charts;
  const Entry& entry = charts.table.rows[0].entries[0];
  EXPECT_EQ(attention_maps(charts.input, entry, 0), "");
  charts.input.pictures[charts.trial(0)].more = 3;
  auto& second = charts.input.pictures[charts.trial(1)];
  second.all = {{"adapter.0.rows", 2, 3, {{0, 1, 1}, {.5, kNan, 0}}}, {"flat", 1, 1, {{7}}}};
  EXPECT_EQ(maps_in(charts.input, entry), 2U);
  const std::string text = attention_maps(charts.input, entry, 2);
  EXPECT_THAT(text, HasSubstr("seed 1:"));
  EXPECT_THAT(text, HasSubstr("adapter.0.rows: 2 × 3, from 0 to 1"));
  EXPECT_THAT(text, HasSubstr(R"(<path class="heat s1 o5" stroke-width="42" d="M43 22h84"/>)"))
      << "neighbours are one line";
  EXPECT_EQ(count(text, "<path"), 2U) << "what is least, or no number, stays blank";
}

}  // namespace
}  // namespace ktb::core
