#include "core/suite/schedule.hpp"

#include <gtest/gtest.h>

#include "core/base/error.hpp"

namespace ktb::core {
namespace {

TEST(Schedule, MultistepFallsOnceForEachMilestoneEvenTwiceAtOne) {
  Schedule schedule;
  schedule.name = "multistep";
  schedule.at = {2, 4, 4};
  EXPECT_DOUBLE_EQ(lr_at(schedule, 1, 1.9, 9), 1);
  EXPECT_DOUBLE_EQ(lr_at(schedule, 1, 2, 9), 0.1);
  EXPECT_NEAR(lr_at(schedule, 1, 4, 9), 1e-3, 1e-12);
}

TEST(Schedule, WarmupLeadsIntoTheScheduleWithoutAJump) {
  Schedule schedule;
  schedule.name = "cosine";
  schedule.warmup = 5;
  EXPECT_DOUBLE_EQ(lr_at(schedule, 0.2, 0, 20), 0.02);
  EXPECT_DOUBLE_EQ(lr_at(schedule, 0.2, 5, 20), 0.2);
  EXPECT_NEAR(lr_at(schedule, 0.2, 20, 20), 0, 1e-12);
}

TEST(Schedule, CosineRisesAgainBeyondItsEnd) {
  Schedule schedule;
  schedule.name = "cosine";
  EXPECT_NEAR(lr_at(schedule, 0.1, 40, 20), 0.1, 1e-12);
}

TEST(Schedule, LinearEndsAtItsMinimumAndStaysThere) {
  Schedule schedule;
  schedule.name = "linear";
  schedule.min = 0.01;
  EXPECT_DOUBLE_EQ(lr_at(schedule, 0.1, 10, 10), 0.01);
  EXPECT_DOUBLE_EQ(lr_at(schedule, 0.1, 12, 10), 0.01);
}

TEST(Schedule, OneCycleAsPyTorchHasIt) {
  const Json options = {{"scheduler", "OneCycleLR"},
                        {"base_lr", 0.01},
                        {"steps", 29},
                        {"max_lr", 0.1},
                        {"total_steps", 30}};
  const auto lr = schedule_trace(options), momentum = schedule_momentum_trace(options);
  ASSERT_EQ(lr.size(), 30u);
  EXPECT_NEAR(lr[0], 0.004, 1e-12);
  EXPECT_NEAR(lr[8], 0.1, 1e-12);
  EXPECT_NEAR(lr[29], 4e-7, 1e-12);
  EXPECT_NEAR(momentum[0], 0.95, 1e-12);
  EXPECT_NEAR(momentum[8], 0.85, 1e-12);
  EXPECT_NEAR(momentum[29], 0.95, 1e-12);
}

TEST(Schedule, UnknownSchedulersAreRefused) {
  EXPECT_THROW(schedule_trace({{"scheduler", "CyclicLR"}, {"base_lr", 0.1}, {"steps", 3}}), Error);
}

}  // namespace
}  // namespace ktb::core
