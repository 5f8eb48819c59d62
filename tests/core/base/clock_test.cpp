#include "core/base/clock.hpp"

#include <gmock/gmock.h>

#include <chrono>
#include <ctime>
#include <thread>

namespace ktb::core {
namespace {

TEST(Clock, SaysTheTimeAsRecordsHaveIt) {
  const std::time_t before = std::time(nullptr);
  const std::string text = utc_now();
  EXPECT_THAT(text, testing::MatchesRegex("....-..-..T..:..:..Z"));
  std::tm parts{};
  ASSERT_EQ(::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%SZ", &parts), text.c_str() + text.size());
  EXPECT_GE(::timegm(&parts), before);
  EXPECT_LE(::timegm(&parts), std::time(nullptr));
}

TEST(Clock, ReadsTheTimesOfRecords) {
  EXPECT_EQ(seconds_of_utc("1970-01-02T00:00:01Z"), 86401);
  EXPECT_EQ(seconds_of_utc("2024-05-01T12:00:00Z"), 1714564800);
  EXPECT_FALSE(seconds_of_utc("2024-05-01"));
  EXPECT_FALSE(seconds_of_utc("2024-05-01T12:00:00Z and more"));
}

TEST(Clock, CountsSeconds) {
  const double before = seconds_now();
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  const double passed = seconds_now() - before;
  EXPECT_GE(passed, 0.02);
  EXPECT_LT(passed, 20);
}

}  // namespace
}  // namespace ktb::core
