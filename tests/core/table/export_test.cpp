#include "core/table/export/export.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <limits>
#include <sstream>

#include "core/base/json.hpp"
#include "core/base/output/csv.hpp"
#include "core/store/store.hpp"
#include "core/table/csv_fields.hpp"
#include "core/table/exported.hpp"
#include "core/table/report_fixture.hpp"
#include "temporary_folder.hpp"

namespace ktb::core {
namespace {

using testing::as_csv;
using testing::as_jsonl;
using testing::Bench;
using testing::exported_lines;
using testing::hub_bench;

std::vector<Json> exported(const Bench& bench) {
  std::vector<Json> lines;
  std::istringstream text(as_jsonl(exported_lines(bench)));
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
  EXPECT_EQ(line.at("option.T"), 4);
  EXPECT_EQ(line.at("metric.top1"), .7);
  EXPECT_TRUE(line.at("metric.loss").is_null()) << "JSON has no such number";
  EXPECT_EQ(line.at("source.0.top1"), .8);
  EXPECT_EQ(line.at("provenance.plugins.kd"), "hash");
  EXPECT_EQ(line.at("seed"), 0);
  EXPECT_EQ(line.at("profile"), "quick");
}

TEST(Export, CsvHoldsWhatJsonLinesHold) {
  Bench bench = hub_bench();
  bench.fail(bench.plan.cells[0], 0, Status::kCrashed, "signal 11, \"segfault\"\nin step");
  const auto rows = parsed_csv(as_csv(exported_lines(bench)));
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
      } else if (found->is_boolean()) {
        EXPECT_EQ(rows[i + 1][column], found->get<bool>() ? "true" : "false");
      } else {
        EXPECT_EQ(std::stod(rows[i + 1][column]), found->get<double>());
      }
    }
  }
}

/// Of one seed and two values of T, of which validation prefers the second.
Cell& add_tuned(Bench& bench) {
  Cell& cell = bench.cell({{"method", "kd"}, {"dataset", "images"}}, {.7});
  const std::string other = bench.trial({{"method", "kd"}, {"dataset", "other"}}, 0);
  Record& record = bench.outcomes.records.at(other);
  record.status = Status::kOk;
  record.metrics["top1"] = .6;
  record.validation["top1"] = .9;
  bench.record(cell, 0).validation["top1"] = .8;
  cell.samples[0].tuning = {other};
  cell.candidates = {"T = 1", "T = 4"};
  return cell;
}

TEST(Export, SaysWhichOfTheTunedTrialsATableShows) {
  Bench bench;
  bench.cell({{"method", "scratch"}}, {.5});
  Cell& cell = add_tuned(bench);
  bench.trial({{"method", "source"}}, 0);
  std::vector<Json> lines = exported(bench);
  ASSERT_EQ(lines.size(), 4U);
  EXPECT_EQ(lines[0].at("picked"), true);
  EXPECT_EQ(lines[1].at("picked"), false);
  EXPECT_EQ(lines[2].at("picked"), true);
  EXPECT_TRUE(lines[3].at("picked").is_null()) << "it only makes weights";
  bench.outcomes.records.erase(cell.samples[0].tuning[0]);
  lines = exported(bench);
  EXPECT_TRUE(lines[1].at("picked").is_null()) << "the other may be better yet";
  EXPECT_TRUE(lines[2].at("picked").is_null());
}

TEST(Export, HoldsOptionsAndRecipe) {
  Bench bench;
  const Cell& cell = bench.cell({{"method", "kd"}, {"labels", "0.05"}}, {.7});
  TrialSpec spec;
  spec.method.options = {{"temperature", 4.0}, {"layers", {1, 2}}, {"adapt", true}};
  spec.recipe.epochs = 3;
  spec.recipe.optimizer.lr = 0.05;
  bench.outcomes.specs[cell.samples[0].trial] = spec;
  const Json line = exported(bench).at(0);
  EXPECT_EQ(line.at("option.temperature"), 4.0);
  EXPECT_EQ(line.at("option.layers"), "[1,2]");
  EXPECT_EQ(line.at("option.adapt"), true);
  EXPECT_EQ(line.at("recipe.epochs"), 3);
  EXPECT_EQ(line.at("recipe.optimizer.lr"), 0.05);
  EXPECT_EQ(line.at("labels"), 0.05);
}

TEST(Export, SaysWhatIsNotKnownHere) {
  Bench bench;
  const Cell& cell = bench.empty_cell({{"method", "kd"}}, 1);
  bench.forget(cell, 0);
  bench.plan.trials[0].lacks = {"no method plugin is called `kd`"};
  bench.plan.caveat = "as planned on a day";
  const Json line = exported(bench).at(0);
  EXPECT_EQ(line.at("reason"), "cannot be told here: no method plugin is called `kd`");
  EXPECT_EQ(line.at("plan"), "as planned on a day");
}

TEST(Export, CurvesAreALineAnEpoch) {
  const TemporaryFolder folder;
  const Store store(folder.path());
  Bench bench;
  const Cell& cell = bench.cell({{"method", "kd"}}, {.7});
  const auto own = store.folder(cell.samples[0].trial);
  std::filesystem::create_directories(own.path());
  std::ofstream(own.curve())
      << R"({"step":10,"epoch":1,"seconds":0.5,"lr":0.1,"loss":2.5,"terms":{"kd":1.5}})"
      << "\n"
      << R"({"step":20,"epoch":2,"seconds":1.0,"lr":0.05,"loss":null,"terms":{"kd":1},)"
      << R"("validation":{"top1":0.6},"figures":{"entropy":0.1}})"
      << "\n";
  std::vector<ExportLine> lines;
  export_curves(bench.plan, bench.outcomes, testing::reader_of(bench), store,
                [&](const ExportLine& line) { lines.push_back(line); });
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0].at("method"), "kd");
  EXPECT_EQ(lines[0].at("loss"), 2.5);
  EXPECT_EQ(lines[0].at("term.kd"), 1.5);
  EXPECT_EQ(lines[1].at("step"), 20);
  EXPECT_EQ(lines[1].at("validation.top1"), 0.6);
  EXPECT_EQ(lines[1].at("figure.entropy"), 0.1);
  EXPECT_TRUE(lines[1].at("loss").is_null());
  const auto rows = parsed_csv(as_csv(lines));
  EXPECT_THAT(rows[0],
              ::testing::ElementsAre("suite", "profile", "id", "key", "seed", "status", "reason",
                                     "picked", "method", "step", "epoch", "seconds", "lr", "loss",
                                     "figure.entropy", "term.kd", "validation.top1"));
}

TEST(Csv, QuotesOnlyWhatNeedsIt) {
  EXPECT_EQ(csv_line({"a", "b c", "d,e", "f\"g", ""}), "a,b c,\"d,e\",\"f\"\"g\",\r\n");
  EXPECT_EQ(csv_number(0.1), "0.1");
}

}  // namespace
}  // namespace ktb::core
