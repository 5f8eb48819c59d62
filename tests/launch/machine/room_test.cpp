#include "launch/machine/room.hpp"

#include <gtest/gtest.h>

namespace {

using ktb::launch::room_for;

TEST(RoomFor, TheFewestTrialsThenTheLeastMemory) {
  EXPECT_EQ(room_for(10, {{2, 10}, {1, 900}, {1, 800}}, 0), 2U);
  EXPECT_EQ(room_for(10, {{1, 10}, {1, 10}}, 0), 0U) << "the first of equals";
}

TEST(RoomFor, NoneWhereAllAreFull) {
  EXPECT_EQ(room_for(30'000, {{1, 30'000}}, 80'000), 0U);
  EXPECT_FALSE(room_for(30'000, {{2, 60'000}}, 80'000));
  EXPECT_EQ(room_for(30'000, {{2, 60'000}, {3, 20'000}}, 80'000), 1U);
}

TEST(RoomFor, EachTrialTakesMoreThanItsTensors) {
  EXPECT_TRUE(room_for(1, {{50, 50}}, 80'000));
  EXPECT_FALSE(room_for(1, {{150, 150}}, 80'000));
}

TEST(RoomFor, AnEmptyGpuHasRoomForEverything) {
  EXPECT_EQ(room_for(1e9, {{1, 1}, {0, 0}}, 80'000), 1U);
}

}  // namespace
