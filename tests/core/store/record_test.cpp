#include "core/store/record.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "core/base/error.hpp"
#include "core/base/fields.hpp"

namespace ktb::core {
namespace {

using ::testing::HasSubstr;

Record full_record() {
  Record record;
  record.id = "kd-123456789abc";
  record.key = "123456789abcdef";
  record.seed = 2;
  record.status = Status::kOk;
  record.axes = {{"method", "kd"}, {"seed", "2"}};
  record.metrics = {{"top1", 0.8312}, {"loss", std::numeric_limits<double>::quiet_NaN()}};
  record.validation = {{"top1", std::numeric_limits<double>::infinity()}};
  record.floor = {{"chance", 0.1}};
  record.cost = {{"train_seconds", 12.5}};
  record.terms = {{"kd", -std::numeric_limits<double>::infinity()}};
  record.source_metrics = {{{"top1", 0.9}}, {}};
  record.parameters = {{"target", 278324}};
  record.examples = {{"train", 4000}};
  record.selected = {{"rule", "last"}};
  record.provenance = {{"host", "here"}};
  record.rest = {{"log", "last lines"}};
  record.warnings = {"few samples"};
  record.weights = std::string(64, 'a');
  return record;
}

std::string message_of(const Json& json) {
  try {
    record_from_json(json);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(Record, SurvivesJson) {
  const Record record = full_record();
  const std::string text = to_json(record).dump();
  const Record back = record_from_json(Json::parse(text));
  EXPECT_EQ(to_json(back).dump(), text);
  EXPECT_EQ(back.seed, 2U);
  EXPECT_TRUE(back.ok());
  EXPECT_TRUE(std::isnan(back.metrics.at("loss")));
  EXPECT_EQ(back.validation.at("top1"), std::numeric_limits<double>::infinity());
  EXPECT_EQ(back.terms.at("kd"), -std::numeric_limits<double>::infinity());
  EXPECT_EQ(back.source_metrics.size(), 2U);
  EXPECT_EQ(back.rest.at("log"), "last lines");
  EXPECT_EQ(back.weights, record.weights);
}

TEST(Record, MissingMembersAreEmpty) {
  const Record record = record_from_json({{"id", "x"}, {"status", "crashed"}});
  EXPECT_EQ(record.status, Status::kCrashed);
  EXPECT_TRUE(record.metrics.empty());
  EXPECT_TRUE(record.key.empty());
  EXPECT_TRUE(record.weights.empty());
}

TEST(Record, NullNumberIsNan) {
  const Record record =
      record_from_json({{"id", "x"}, {"status", "ok"}, {"metrics", {{"loss", nullptr}}}});
  EXPECT_TRUE(std::isnan(record.metrics.at("loss")));
}

TEST(Record, FaultsNameTheMember) {
  EXPECT_THAT(message_of({{"status", "ok"}}), HasSubstr("`id` is missing"));
  EXPECT_THAT(message_of({{"id", "x"}, {"status", "great"}}),
              HasSubstr("status: `great` is none of ok, hole,"));
  EXPECT_THAT(message_of({{"id", "x"}, {"status", "ok"}, {"metrics", {{"top1", "high"}}}}),
              HasSubstr("record, metrics.top1: expected a number, found a text"));
  EXPECT_THAT(message_of({{"id", "x"}, {"status", "ok"}, {"metrics", Json::array()}}),
              HasSubstr("record, metrics: expected an object, found an array"));
  EXPECT_THAT(message_of({{"id", "x"}, {"status", "ok"}, {"seed", -1}}),
              HasSubstr("record, seed: expected a whole number of at least 0"));
  EXPECT_THAT(message_of({{"id", "x"}, {"status", "ok"}, {"schema", 99}}),
              HasSubstr("schema 99 is newer"));
  EXPECT_THAT(message_of({{"id", "x"}, {"status", "ok"}, {"selected", 1}}),
              HasSubstr("record, selected: expected an object"));
  EXPECT_THAT(message_of(Json::array()), HasSubstr("expected an object"));
}

TEST(Record, EveryStatusHasItsName) {
  for (const char* name :
       {"ok", "hole", "failed", "crashed", "out-of-memory", "timeout", "diverged", "interrupted"}) {
    EXPECT_EQ(word(from_word<Status>(name).value()), name);
  }
}

}  // namespace
}  // namespace ktb::core
