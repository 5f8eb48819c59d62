// What a table shows of what can be had without learning.
#include <gmock/gmock.h>

#include "core/table/build_table.hpp"
#include "core/table/report_fixture.hpp"

namespace ktb::core {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

using Floors = std::map<std::string, double>;

/// Rows above those of the methods: label and figure of each column.
std::vector<std::pair<std::string, std::vector<std::string>>> floor_rows(
    const std::vector<std::pair<std::string, Floors>>& columns) {
  testing::Bench bench;
  for (const auto& [metric, floor] : columns) {
    auto& cell = bench.cell({{"method", "scratch"}, {"dataset", metric}, {"pair", "a"}}, {0.5});
    auto& record = bench.record(cell, 0);
    record.metrics = {{metric, 0.5}};
    record.selected["metric"] = metric;
    record.floor = floor;
  }
  TableSpec spec;
  spec.cols = {"dataset"};
  spec.extra = {"chance"};
  const Table table = build_table(bench.plan, spec, bench.outcomes);
  std::vector<std::pair<std::string, std::vector<std::string>>> rows;
  for (const Row& row : table.rows) {
    if (row.kind != RowKind::kExtra) continue;
    std::vector<std::string> values;
    for (const Entry& entry : row.entries) values.push_back(entry.value);
    rows.emplace_back(row.labels.front(), values);
  }
  return rows;
}

TEST(TableFloors, EveryKindShowsItsOwn) {
  EXPECT_THAT(floor_rows({{"f1", {{"chance", 0.05}, {"rarest_word", 0.25}}},
                          {"vqa", {{"chance", 0.01}, {"majority", 0.24}}},
                          {"rsum", {{"chance", 0.32}}},
                          {"r2", {{"chance", 0}}}}),
              ElementsAre(Pair("chance", ElementsAre("5.0", "1.0", "32.0", "0.000")),
                          Pair("majority", ElementsAre("", "24.0", "", "")),
                          Pair("rarest word", ElementsAre("25.0", "", "", ""))));
}

TEST(TableFloors, WhatSaysTheSameAsChanceIsLeftOut) {
  EXPECT_THAT(floor_rows({{"top1", {{"chance", 0.1}, {"majority", 0.1}}}}),
              ElementsAre(Pair("chance", ElementsAre("10.0"))));
}

}  // namespace
}  // namespace ktb::core
