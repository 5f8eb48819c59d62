#include "core/base/bytes.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "core/plan/plan.hpp"
#include "core/plan/trial_spec.hpp"
#include "core/store/record.hpp"

namespace ktb::core {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

Record full_record() {
  Record record;
  record.id = "kd-s1-0123";
  record.key = "k\xC3\xA9y\n";
  record.seed = ~std::uint64_t{0};
  record.status = Status::kDiverged;
  record.reason = std::string(300, 'x');
  record.axes = {{"method", "kd"}, {"pair", ""}};
  record.metrics = {{"top1", 0.1}, {"loss", kNan}, {"worst", -1 / 0.0}};
  record.source_metrics = {{{"top1", 0.5}}, {}};
  record.parameters = {{"target", -3}};
  record.selected = {{"step", 12}, {"epoch", 2.0}, {"none", nullptr}, {"rule", "last"}};
  record.provenance = {{"threads", 1}, {"plugins", {{"kd", "p1"}}}, {"big", -7}};
  record.rest = {{"log", {"a line", true}}};
  record.warnings = {"one", "two"};
  record.weights = "hex";
  return record;
}

TEST(Bytes, ARecordComesBackWhole) {
  const Record record = full_record();
  const std::string bytes = record_bytes(record);
  const Record back = record_from_bytes(bytes);
  EXPECT_EQ(record_text(back), record_text(record));
  EXPECT_TRUE(std::isnan(back.metrics.at("loss")));
  EXPECT_EQ(record_bytes(back), bytes);
  EXPECT_EQ(to_json(record_from_bytes(record_bytes(Record()))), to_json(Record()));
}

TEST(Bytes, ATrialsSettingsComeBackWhole) {
  TrialSpec spec;
  spec.id = "kd-s1-0123";
  spec.seed = 7;
  spec.axes = {{"method", "kd"}};
  spec.task.augment = {Augmentation::kFlip};
  spec.target.emplace().options = {{"depth", 20}};
  spec.sources.resize(2);
  spec.sources[1].mode = SourceMode::kFreshJoint;
  spec.plus.emplace_back().weight = 0.5;
  spec.recipe.optimizer.betas = {0.8, 0.99};
  spec.recipe.keep = {Keepsake::kPredictions};
  EXPECT_EQ(from_bytes<TrialSpec>(to_bytes(spec)), spec);
  EXPECT_EQ(from_bytes<TrialSpec>(to_bytes(TrialSpec())), TrialSpec());
  EXPECT_THROW(from_bytes<TrialSpec>(to_bytes(spec) + "more"), Error);
}

TEST(Bytes, WhatEndsTooEarlyIsRefused) {
  const std::string bytes = record_bytes(full_record());
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_THROW(record_from_bytes(std::string_view(bytes).substr(0, size)), Error) << size;
}

TEST(Bytes, APlanComesBackWhole) {
  Plan plan;
  plan.suite = "wide";
  plan.trials.resize(2);
  plan.trials[1].id = "b";
  plan.trials[1].needs = {"a"};
  plan.trials[1].lacks = {"data"};
  plan.cells = {{{{"method", "kd"}}, {{3, "b", {"a"}, {}}}, "", {{"recipe.lr", "x.toml:3"}}, {}}};
  plan.tables.emplace_back().name = "t";
  plan.missing = {{"dataset", "d", "wanted", 2}};
  plan.order["method"] = {"scratch", "kd"};
  EXPECT_EQ(to_json(plan_from_bytes(plan_bytes(plan))), to_json(plan));
  EXPECT_THROW(plan_from_bytes(plan_bytes(plan) + "more"), Error);
}

struct Small {
  int number = 0;
};
template <Of<Small> Self, class Ar>
void fields(Self& small, Ar& ar) {
  ar("number", small.number);
}
struct Renamed {
  int count = 0;
};
template <Of<Renamed> Self, class Ar>
void fields(Self& renamed, Ar& ar) {
  ar("count", renamed.count);
}
struct Retyped {
  std::vector<std::map<std::string, Small>> number;
};
template <Of<Retyped> Self, class Ar>
void fields(Self& retyped, Ar& ar) {
  ar("number", retyped.number);
}

TEST(Bytes, AnotherLayoutHasAnotherShape) {
  EXPECT_EQ(shape_of<Small>(), shape_of<Small>());
  EXPECT_NE(shape_of<Small>(), shape_of<Renamed>());
  EXPECT_NE(shape_of<Small>(), shape_of<Retyped>());
}

}  // namespace
}  // namespace ktb::core
