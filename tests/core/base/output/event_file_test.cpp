#include "core/base/output/event_file.hpp"

#include <gmock/gmock.h>

#include <cstring>
#include <vector>

namespace ktb::core {
namespace {

using testing::HasSubstr;

template <class T>
T number_at(std::string_view bytes, std::size_t at) {
  T value{};
  std::memcpy(&value, bytes.substr(at).data(), sizeof value);
  return value;
}

std::uint32_t masked(std::uint32_t crc) { return (crc >> 15 | crc << 17) + 0xA282EAD8U; }

/// The events of a file, each held against its checksums.
std::vector<std::string> events_of(const std::string& bytes) {
  std::vector<std::string> events;
  for (std::size_t at = 0; at < bytes.size();) {
    const auto size = number_at<std::uint64_t>(bytes, at);
    EXPECT_EQ(number_at<std::uint32_t>(bytes, at + 8), masked(crc32c(bytes.substr(at, 8))));
    events.push_back(bytes.substr(at + 12, size));
    EXPECT_EQ(number_at<std::uint32_t>(bytes, at + 12 + size), masked(crc32c(events.back())));
    at += 16 + size;
  }
  return events;
}

TEST(Crc32c, IsThatOfTheStandard) {
  EXPECT_EQ(crc32c("123456789"), 0xE3069283U);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8A9136AAU);
  EXPECT_EQ(crc32c(""), 0U);
}

TEST(EventFile, BeginsWithItsVersion) {
  const auto events = events_of(EventFile().bytes());
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0], std::string("\x09\0\0\0\0\0\0\0\0", 9) + "\x1A\x0D" + "brain.Event:2");
}

TEST(EventFile, AScalarIsBytesWorkedOutByHand) {
  EventFile file;
  file.scalar(1.5, 300, "a", 0.25);
  const auto events = events_of(file.bytes());
  ASSERT_EQ(events.size(), 2U);
  // time 1.5 as a double, step 300 as 0xAC 0x02, summary of one value: tag `a`, 0.25 as a float
  const std::string time("\x09\0\0\0\0\0\0\xF8\x3F", 9), step("\x10\xAC\x02", 3);
  const std::string value("\x0A\x01\x61\x15\0\0\x80\x3E", 8);
  EXPECT_EQ(events[1], time + step + "\x2A\x0A" + "\x0A\x08" + value);
}

TEST(EventFile, SettingsAreNumbersTruthsAndTexts) {
  EventFile file;
  file.settings(2, {{"lr", 0.5}, {"nesterov", true}, {"method", "kd"}}, "kd images", true);
  const auto events = events_of(file.bytes());
  ASSERT_EQ(events.size(), 3U);
  EXPECT_THAT(events[1], HasSubstr("_hparams_/session_start_info"));
  EXPECT_THAT(events[1], HasSubstr(std::string("lr\x12\x09\x11\0\0\0\0\0\0\xE0\x3F", 13)));
  EXPECT_THAT(events[1], HasSubstr("nesterov\x12\x02\x20\x01"));
  EXPECT_THAT(events[1], HasSubstr("method\x12\x04\x1A\x02kd"));
  EXPECT_THAT(events[1], HasSubstr("kd images"));
  EXPECT_THAT(events[2], HasSubstr("_hparams_/session_end_info"));
}

}  // namespace
}  // namespace ktb::core
