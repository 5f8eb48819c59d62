#include "core/paper/paper.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>

#include "core/base/text_file.hpp"
#include "core/store/store.hpp"
#include "core/table/report_fixture.hpp"
#include "temporary_folder.hpp"

namespace ktb::core {
namespace {

namespace fs = std::filesystem;
using testing::Bench;
using ::testing::HasSubstr;
using ::testing::Not;

const std::vector<std::string> kMethods{"scratch", "kd", "at", "share"};

/// Four methods on four data sets, six seeds: one helps, one helps a little, one hurts.
Bench bench() {
  Bench bench;
  bench.plan.labels = {{"kd", "KD & co_1"}, {"share", "share -> 50 %"}};
  const std::vector<std::string> datasets{"one", "two", "three", "four"};
  const std::map<std::string, double> gains{{"kd", .02}, {"at", .004}, {"share", -.03}};
  for (std::size_t d = 0; d < datasets.size(); ++d) {
    for (const std::string& method : kMethods) {
      std::vector<double> top1;
      for (std::size_t seed = 0; seed < 6; ++seed) {
        const double noise = static_cast<double>((seed * 7 + d * 3 + method.size() * 5) % 11);
        const double gain = gains.contains(method) ? gains.at(method) : 0;
        top1.push_back(.6 + .05 * static_cast<double>(d) + gain + noise / 1000);
      }
      bench.cell({{"dataset", datasets[d]}, {"method", method}, {"pair", "a -> b"}}, top1);
    }
  }
  TableSpec spec;
  spec.name = "main";
  spec.cols = {"dataset"};
  spec.metrics = {"top1"};
  spec.baseline = "scratch";
  spec.ranks = true;
  bench.plan.tables = {spec};
  return bench;
}

/// Its records, and curves of ten epochs whose score on validation data ends at the record's.
void fill(const Store& store, const Bench& bench) {
  for (const auto& [id, record] : bench.outcomes.records) {
    store.save(record);
    std::string lines;
    for (int epoch = 1; epoch <= 10; ++epoch) {
      lines +=
          fmt::format("{{\"step\":{},\"loss\":{},\"validation\":{{\"top1\":{}}}}}\n", epoch * 40,
                      2. / epoch, record.metrics.at("top1") * (1 - std::exp(-.5 * epoch)));
    }
    write_atomically(store.folder(id).curve(), lines);
  }
}

std::map<std::string, std::string> files_of(const Bench& bench) {
  const TemporaryFolder own;
  const Store store(own.path());
  fill(store, bench);
  std::map<std::string, std::string> files;
  for (const auto& [name, text] : paper(bench.plan, store)) files[name] = text;
  return files;
}

TEST(Paper, HasAFileForEachTableAndFigure) {
  const auto files = files_of(bench());
  std::vector<std::string> names;
  for (const auto& [name, text] : files) names.push_back(name);
  EXPECT_THAT(names, ::testing::ElementsAre(
                         "hub-quick-main-curves.tex", "hub-quick-main-difference.tex",
                         "hub-quick-main-forest.tex", "hub-quick-main-ranks.tex",
                         "hub-quick-main.tex", "hub-quick-numbers.tex", "hub-quick.tex"));
  EXPECT_THAT(files.at("hub-quick-numbers.tex"), HasSubstr("{\\ktbHubQuickMainScratchOne}{60.5}"));
  EXPECT_THAT(files.at("hub-quick-main.tex"), Not(HasSubstr("ktbnumber")));
}

TEST(Paper, ForestTellsBetterFromWorseAndFromOpen) {
  const std::string forest = files_of(bench()).at("hub-quick-main-forest.tex");
  EXPECT_THAT(forest, HasSubstr("ktbbetter,mark=*"));
  EXPECT_THAT(forest, HasSubstr("ktbworse,mark=square*"));
  EXPECT_THAT(forest, HasSubstr("difference to scratch"));
}

TEST(Paper, CurvesShowValidationWhereThereIsOneElseTheLoss) {
  Bench made = bench();
  EXPECT_THAT(files_of(made).at("hub-quick-main-curves.tex"),
              HasSubstr("ylabel={top-1 \\% on validation data}"));
  for (auto& [id, record] : made.outcomes.records) record.metrics["loss"] = 1;
  made.plan.tables[0].metrics = {"rsum"};
  for (auto& [id, record] : made.outcomes.records) record.metrics["rsum"] = record.metrics["top1"];
  EXPECT_THAT(files_of(made).at("hub-quick-main-curves.tex"), HasSubstr("ylabel={training loss}"));
}

TEST(Paper, HasNoFigureOfWhatIsNotThere) {
  Bench made;
  made.cell({{"method", "scratch"}, {"pair", "a -> b"}}, {.5});
  TableSpec spec;
  spec.name = "main";
  made.plan.tables = {spec};
  const TemporaryFolder own;
  const Store store(own.path());
  for (const auto& [id, record] : made.outcomes.records) store.save(record);
  EXPECT_EQ(paper(made.plan, store).size(), 3U) << "numbers, one table, the document";
}

TEST(Paper, Compiles) {
  if (std::system("kpsewhich pgfplots.sty > /dev/null 2>&1") != 0) GTEST_SKIP() << "no pgfplots";
  const TemporaryFolder own;
  for (const auto& [name, text] : files_of(bench())) write_atomically(own.path() / name, text);
  const std::string once =
      "pdflatex -interaction=nonstopmode -halt-on-error hub-quick.tex > out.txt";
  const std::string command = "cd '" + own.path().string() + "' && " + once + " && " + once;
  ASSERT_EQ(std::system(command.c_str()), 0) << read_text(own.path() / "out.txt");
  const std::string log = read_text(own.path() / "hub-quick.log");
  EXPECT_THAT(log, Not(HasSubstr("Overfull")));
  EXPECT_THAT(log, Not(HasSubstr("undefined")));
}

}  // namespace
}  // namespace ktb::core
