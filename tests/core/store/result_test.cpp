#include "core/store/result.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "core/base/error.hpp"

namespace ktb::core {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Record full_record() {
  Record record;
  record.id = "kd-s1-0123";
  record.key = "k\xC3\xA9y";
  record.seed = ~std::uint64_t{0};
  record.status = Status::kDiverged;
  record.reason = std::string(300, 'x');
  record.axes = {{"dataset", "noto"}, {"method", "kd"}};
  record.metrics = {{"top1", 0.1}, {"loss", std::numeric_limits<double>::quiet_NaN()}};
  record.validation = {{"top1", 0.2}};
  record.floor = {{"chance", 0.25}};
  record.cost = {{"train_seconds", 3.5}, {"joules", 1e4}};
  record.parameters = {{"target", 1}, {"extra", -3}};
  record.examples = {{"train", std::int64_t{1} << 60}};
  record.selected = {{"step", 12}, {"rule", "last"}, {"metric", "map"}, {"epoch", 2.0}};
  record.provenance = {{"threads", 2},
                       {"device", "cpu"},
                       {"cpu", "some CPU"},
                       {"host", "a"},
                       {"started", "2026-01-01T00:00:00Z"}};
  record.warnings = {"one", "two"};
  return record;
}

TEST(Result, SaysWhatItsRecordSays) {
  const Record record = full_record();
  const Result result = ResultReader().read(result_bytes(record));
  EXPECT_EQ(result.id, record.id);
  EXPECT_EQ(result.key, record.key);
  EXPECT_EQ(result.seed, record.seed);
  EXPECT_EQ(result.status, record.status);
  EXPECT_EQ(result.reason, record.reason);
  EXPECT_THAT(result.metrics.names(), ElementsAre("loss", "top1"));
  EXPECT_TRUE(std::isnan(result.metrics.find("loss").value()));
  EXPECT_EQ(result.metrics.find("top1"), 0.1);
  EXPECT_EQ(result.metrics.find("top5"), std::nullopt);
  EXPECT_EQ(result.validation.find("top1"), 0.2);
  EXPECT_EQ(result.floor.find("chance"), 0.25);
  EXPECT_EQ(result.cost.find("train_seconds"), 3.5);
  EXPECT_EQ(result.cost.find("joules"), 1e4);
  EXPECT_EQ(result.parameters.find("extra"), -3);
  EXPECT_EQ(result.examples.find("train"), std::int64_t{1} << 60);
  EXPECT_EQ(result.making->dataset, "noto");
  EXPECT_EQ(result.making->selected, Json({{"step", 12}, {"rule", "last"}, {"metric", "map"}}));
  EXPECT_EQ(result.making->provenance,
            Json({{"threads", 2}, {"device", "cpu"}, {"cpu", "some CPU"}}));
  EXPECT_EQ(result.warnings, record.warnings);
  EXPECT_EQ(main_metric(result), main_metric(record));
  EXPECT_EQ(machine_of(result), machine_of(record));
}

TEST(Result, OfAnEmptyRecordIsEmpty) {
  const Result result = ResultReader().read(result_bytes(Record()));
  EXPECT_FALSE(result.ok());
  EXPECT_THAT(result.metrics.names(), IsEmpty());
  EXPECT_EQ(result.making->dataset, std::nullopt);
  EXPECT_EQ(main_metric(result), "top1");
  EXPECT_THAT(Result().metrics.names(), IsEmpty());
}

TEST(Result, BeginsWithHowTheTrialEnded) {
  const RecordHead head = result_head(result_bytes(full_record()));
  EXPECT_EQ(head.id, "kd-s1-0123");
  EXPECT_EQ(head.status, Status::kDiverged);
  EXPECT_EQ(head.reason.size(), 300U);
}

TEST(Result, SharesWhatItHasInCommonWithOthers) {
  ResultReader reader;
  Record record = full_record();
  const Result first = reader.read(result_bytes(record));
  record.metrics["top1"] = 0.7;
  record.provenance["started"] = "2026-01-02T00:00:00Z";
  const Result second = reader.read(result_bytes(record));
  EXPECT_EQ(first.making, second.making) << "one object";
  EXPECT_EQ(&first.metrics.names(), &second.metrics.names());
  EXPECT_EQ(first.metrics.find("top1"), 0.1);
  EXPECT_EQ(second.metrics.find("top1"), 0.7);
  record.provenance["threads"] = 3;
  record.metrics["top5"] = 1;
  const Result third = reader.read(result_bytes(record));
  EXPECT_NE(third.making, second.making);
  EXPECT_EQ(third.making->provenance.at("threads"), 3);
  EXPECT_THAT(third.metrics.names(), ElementsAre("loss", "top1", "top5"));
}

TEST(Result, OfBytesThatEndTooEarlyIsRefused) {
  const std::string bytes = result_bytes(full_record());
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_THROW(ResultReader().read(std::string_view(bytes).substr(0, size)), Error) << size;
}

}  // namespace
}  // namespace ktb::core
