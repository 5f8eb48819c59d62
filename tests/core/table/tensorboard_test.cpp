#include "core/table/export/tensorboard.hpp"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <limits>

#include "core/store/store.hpp"
#include "core/table/exported.hpp"
#include "core/table/report_fixture.hpp"
#include "temporary_folder.hpp"

namespace ktb::core {
namespace {

using testing::Bench;
using ::testing::HasSubstr;
using ::testing::Not;

std::vector<BoardRun> board_runs(const Bench& bench, const Store& store) {
  std::vector<BoardRun> runs;
  tensorboard(bench.plan, bench.outcomes, testing::reader_of(bench), store,
              [&](const BoardRun& run) { runs.push_back(run); });
  return runs;
}

TEST(Tensorboard, HasARunForEachTrialWithARecord) {
  const TemporaryFolder folder;
  const Store store(folder.path());
  Bench bench;
  const Cell& cell = bench.cell({{"method", "kd"}, {"dataset", "images"}}, {.7, .8, .9});
  const std::string first = cell.samples[0].trial;
  bench.forget(cell, 2);
  bench.record(cell, 0).provenance["started"] = "2024-05-01T12:00:00Z";
  bench.record(cell, 0).metrics["loss"] = std::numeric_limits<double>::quiet_NaN();
  bench.outcomes.specs[first].method.options = {{"temperature", 4.0}};
  std::filesystem::create_directories(store.folder(first).path());
  std::ofstream(store.folder(first).curve())
      << R"({"step":10,"epoch":1,"seconds":0.5,"lr":0.1,"loss":2.5,"terms":{"kd":1.5}})"
      << "\n"
      << R"({"step":"ten","seconds":null,"loss":[],"terms":{"kd":"much"}})"
      << "\n";
  const auto runs = board_runs(bench, store);
  ASSERT_EQ(runs.size(), 2U);
  EXPECT_EQ(runs[0].name, first);
  for (const char* tag : {"train/loss", "train/lr", "term/kd", "test/top1", "option.temperature"})
    EXPECT_THAT(runs[0].events, HasSubstr(tag));
  EXPECT_THAT(runs[0].events, Not(HasSubstr("test/loss"))) << "no number";
  EXPECT_THAT(runs[1].events, HasSubstr("test/top1"));
  EXPECT_EQ(runs[0].events, board_runs(bench, store)[0].events);
}

}  // namespace
}  // namespace ktb::core
