#include "core/table/export.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <sstream>

#include "core/base/json.hpp"
#include "core/base/output/csv.hpp"
#include "core/table/csv_fields.hpp"
#include "core/table/report_fixture.hpp"

namespace ktb::core {
namespace {

using testing::Bench;
using testing::hub_bench;

std::vector<Json> exported(const Bench& bench) {
  std::vector<Json> lines;
  std::istringstream text(export_jsonl(bench.plan, bench.outcomes));
  for (std::string line; std::getline(text, line);) lines.push_back(Json::parse(line));
  return lines;
}

TEST(Export, EveryTrialAndHoleIsALine) {
  const Bench bench = hub_bench();
  const std::vector<Json> lines = exported(bench);
  std::map<std::string, int> statuses;
  for (const Json& line : lines) ++statuses[line.at("status").get<std::string>()];
  EXPECT_EQ(lines.size(), bench.plan.trials.size() + 9);
  EXPECT_EQ(statuses.at("hole"), 9);
  EXPECT_EQ(statuses.at("diverged"), 1);
  EXPECT_EQ(statuses.at("running"), 1);
  EXPECT_EQ(statuses.at("pending"), 2);
}

TEST(Export, LinesAreFlat) {
  Bench bench;
  Cell& cell = bench.cell({{"method", "kd"}, {"option.T", "4"}}, {.7});
  Record& record = bench.record(cell, 0);
  record.metrics["loss"] = std::numeric_limits<double>::quiet_NaN();
  record.source_metrics = {{{"top1", .8}}};
  record.provenance["plugins"] = {{"kd", "hash"}};
  const Json line = exported(bench).at(0);
  for (const auto& [name, value] : line.items()) EXPECT_FALSE(value.is_structured()) << name;
  EXPECT_EQ(line.at("method"), "kd");
  EXPECT_EQ(line.at("option.T"), "4");
  EXPECT_EQ(line.at("metric.top1"), .7);
  EXPECT_EQ(line.at("metric.loss"), "nan");
  EXPECT_EQ(line.at("source.0.top1"), .8);
  EXPECT_EQ(line.at("provenance.plugins.kd"), "hash");
  EXPECT_EQ(line.at("seed"), 0);
  EXPECT_EQ(line.at("profile"), "quick");
}

TEST(Export, CsvHoldsWhatJsonLinesHold) {
  Bench bench = hub_bench();
  bench.fail(bench.plan.cells[0], 0, Status::kCrashed, "signal 11, \"segfault\"\nin step");
  const auto rows = parsed_csv(export_csv(bench.plan, bench.outcomes));
  const std::vector<Json> lines = exported(bench);
  ASSERT_EQ(rows.size(), lines.size() + 1);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    ASSERT_EQ(rows[i + 1].size(), rows[0].size());
    for (std::size_t column = 0; column < rows[0].size(); ++column) {
      const auto found = lines[i].find(rows[0][column]);
      if (found == lines[i].end() || found->is_null()) {
        EXPECT_EQ(rows[i + 1][column], "");
      } else if (found->is_string()) {
        EXPECT_EQ(rows[i + 1][column], found->get<std::string>());
      } else {
        EXPECT_EQ(std::stod(rows[i + 1][column]), found->get<double>());
      }
    }
  }
}

TEST(Csv, QuotesOnlyWhatNeedsIt) {
  EXPECT_EQ(csv_line({"a", "b c", "d,e", "f\"g", ""}), "a,b c,\"d,e\",\"f\"\"g\",\r\n");
  EXPECT_EQ(csv_number(0.1), "0.1");
}

}  // namespace
}  // namespace ktb::core
