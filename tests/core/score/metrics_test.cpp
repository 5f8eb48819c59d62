#include "core/score/metrics.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace ktb::core {
namespace {

namespace fs = std::filesystem;

TEST(MetricInfo, FractionsAreShownAsPercent) {
  const MetricInfo top1 = metric_info("top1");
  EXPECT_EQ(top1.label(), "top-1 %");
  EXPECT_EQ(top1.scale, 100);
  EXPECT_EQ(top1.further_digits, 0);
}

TEST(MetricInfo, FiguresAroundOneHaveTwoDigitsMore) {
  const MetricInfo loss = metric_info("loss");
  EXPECT_EQ(loss.label(), "loss");
  EXPECT_EQ(loss.scale, 1);
  EXPECT_EQ(loss.further_digits, 2);
}

TEST(MetricInfo, KnowsWhichWayIsBetter) {
  for (const char* name : {"top1", "map", "r2", "return"})
    EXPECT_EQ(metric_info(name).sign(), 1) << name;
  for (const char* name : {"loss", "hamming_loss", "rmse", "i2t_median_rank", "ece"})
    EXPECT_EQ(metric_info(name).sign(), -1) << name;
}

TEST(MetricInfo, AnUnknownNameIsShownAsItStands) {
  const MetricInfo info = metric_info("never_heard_of");
  EXPECT_FALSE(is_known_metric("never_heard_of"));
  EXPECT_EQ(info.label(), "never_heard_of");
  EXPECT_EQ(info.scale, 1);
  EXPECT_EQ(info.sign(), 1);
  EXPECT_EQ(info.further_digits, 2);
}

TEST(MetricInfo, TheKindsOwnMetricLeads) {
  EXPECT_EQ(leading_metric({"loss", "top1", "top5"}), "top1");
  EXPECT_EQ(leading_metric({"loss", "rmse", "r2"}), "r2");
  EXPECT_EQ(leading_metric({"loss", "anything"}), "loss");
  EXPECT_EQ(leading_metric({"b", "anything"}), "anything");
  EXPECT_EQ(leading_metric({}), "top1");
}

TEST(MetricInfo, KnowsThoseOfEveryKind) {
  for (const char* kind :
       {"classification", "multi_label", "regression", "span", "vqa", "retrieval", "reconstruction",
        "contrastive", "control", "actor_critic"}) {
    const auto metrics = metrics_of(kind, 10, kind == std::string("classification"));
    ASSERT_FALSE(metrics.empty()) << kind;
    for (const auto& metric : metrics) EXPECT_TRUE(is_known_metric(metric)) << metric;
    EXPECT_EQ(std::set<std::string>(metrics.begin(), metrics.end()).size(), metrics.size());
  }
  EXPECT_TRUE(metrics_of("riddles", 10, true).empty());
  EXPECT_EQ(metrics_of("classification", 5, true), (std::vector<std::string>{"top1", "loss"}));
  EXPECT_EQ(metrics_of("vqa", 10, true), (std::vector<std::string>{"accuracy", "loss"}));
}

std::vector<std::string> fields_of(const std::string& line) {
  std::vector<std::string> fields;
  std::istringstream text(line);
  for (std::string field; std::getline(text, field, ',');) fields.push_back(field);
  return fields;
}

TEST(MetricInfo, KnowsThoseOfTheGoldenTables) {
  std::set<std::string> found;
  for (const auto& file : fs::directory_iterator(KTB_SOURCE_DIR "/tests/golden/tables")) {
    if (file.path().extension() != ".csv") continue;
    std::ifstream lines(file.path());
    for (std::string line; std::getline(lines, line);) {
      const auto fields = fields_of(line);  // table, kind, row, column, metric, ...
      if (fields.at(1) == "cell") found.insert(fields.at(4));
    }
  }
  EXPECT_EQ(found.count("top1"), 1U);
  for (const auto& metric : found) EXPECT_TRUE(is_known_metric(metric)) << metric;
}

}  // namespace
}  // namespace ktb::core
