#include "core/base/system/packet_socket.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <string>
#include <utility>

namespace ktb::core {
namespace {

TEST(PacketSocket, APacketArrivesAsItWasSent) {
  auto [here, there] = PacketSocket::pair();
  EXPECT_FALSE(there.receive(0)) << "nothing yet";
  EXPECT_FALSE(there.closed());
  const std::string large(200'000, 'x');
  ASSERT_TRUE(here.send("one"));
  ASSERT_TRUE(here.send(large));
  EXPECT_EQ(there.receive(0)->text, "one");
  EXPECT_EQ(there.receive(0)->text, large);
  EXPECT_FALSE(here.send(std::string(10'000'000, 'x'))) << "larger than packets can be";
}

TEST(PacketSocket, AFileGoesWithOne) {
  auto [here, there] = PacketSocket::pair();
  std::array<int, 2> pipe{};
  ASSERT_EQ(::pipe(pipe.data()), 0);
  ASSERT_TRUE(here.send("take this", pipe[0]));
  ::close(pipe[0]);
  ASSERT_EQ(::write(pipe[1], "abc", 3), 3);
  ::close(pipe[1]);
  const auto packet = there.receive(0);
  ASSERT_TRUE(packet && packet->file);
  EXPECT_NE(::fcntl(packet->file.number(), F_GETFD) & FD_CLOEXEC, 0);
  std::array<char, 4> read{};
  EXPECT_EQ(::read(packet->file.number(), read.data(), read.size()), 3);
  EXPECT_STREQ(read.data(), "abc");
}

TEST(PacketSocket, KnowsWhenNobodyIsThere) {
  auto [here, there] = PacketSocket::pair();
  ASSERT_TRUE(here.send("last"));
  here.close();
  EXPECT_EQ(there.receive(-1)->text, "last");
  EXPECT_FALSE(there.receive(-1));
  EXPECT_TRUE(there.closed());
  EXPECT_FALSE(there.send("to nobody"));
}

}  // namespace
}  // namespace ktb::core
