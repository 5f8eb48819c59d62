// What a run says of a machine on which others are at work.
#include "launch/machine/others.hpp"

#include <gmock/gmock.h>
#include <unistd.h>

#include <chrono>
#include <ctime>
#include <fstream>
#include <thread>

#include "temporary_folder.hpp"

namespace ktb::launch {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

PoolOptions pool(int jobs, int threads) {
  PoolOptions made;
  made.jobs = jobs, made.threads = threads;
  return made;
}

struct OthersTest : testing::Test {
  void write(long user, long nice, long idle) {
    std::ofstream(stat) << "cpu  " << user << ' ' << nice << " 0 " << idle
                        << " 0 0 0 0 0 0\ncpu0 1 2\ncpu1 1 2\nintr 1\n";
  }
  TemporaryFolder folder;
  std::filesystem::path stat = folder.path() / "stat";
  long tick = ::sysconf(_SC_CLK_TCK);
};

TEST_F(OthersTest, CountsWhatIsNotItsOwn) {
  write(1000, 0, 1000);
  const Others others(stat);
  EXPECT_EQ(others.cores(), 2);
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  EXPECT_EQ(others.busy(), 0) << "the machine did nothing, whatever this process does";
  write(1000, 100 * tick, 1000);
  EXPECT_EQ(others.busy(), 2) << "no more than there are cores";
}

TEST_F(OthersTest, WhatItDoesItselfIsItsOwn) {
  write(1000, 0, 0);
  const Others others(stat);
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(300);
  const auto start = std::clock();
  while (std::chrono::steady_clock::now() < until) {
  }
  const double own = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
  write(1000 + static_cast<long>(own * static_cast<double>(tick)), 0, 0);
  EXPECT_LT(others.busy(), 0.3);
}

TEST_F(OthersTest, NothingIsSaidWhereTheKernelIsSilent) {
  const Others others(folder.path() / "none");
  EXPECT_EQ(others.busy(), 0);
  EXPECT_THAT(busy_before(others.busy(), others.cores(), pool(2, 1)), IsEmpty());
}

TEST_F(OthersTest, AMachineIsBusyWhereFewerCoresAreFreeThanWanted) {
  const PoolOptions one = pool(1, 1), two = pool(2, 1), wide = pool(1, 2);
  EXPECT_THAT(busy_before(0.3, 2, two), IsEmpty());
  EXPECT_THAT(busy_before(30, 64, two), IsEmpty()) << "34 cores are free";
  EXPECT_THAT(busy_before(1.9, 2, two), HasSubstr("1.9 of its 2 cores, and this run wants 2"));
  EXPECT_THAT(busy_before(1.9, 2, two), HasSubstr("`-j 1`"));
  EXPECT_THAT(busy_before(1.9, 2, one), Not(HasSubstr("-j 1")));
  EXPECT_THAT(busy_before(1.9, 2, two), Not(HasSubstr("OMP_WAIT_POLICY")));
  EXPECT_THAT(busy_before(1.9, 2, wide), HasSubstr("OMP_WAIT_POLICY=passive"));
  EXPECT_THAT(busy_meanwhile(1.4, 2, two), HasSubstr("1.4 of 2 cores"));
  EXPECT_THAT(busy_meanwhile(0.1, 2, two), IsEmpty());
}

/// More trials than cores want no more than all of them.
TEST_F(OthersTest, ManyTrialsOnAnIdleMachineAreNoNews) {
  EXPECT_THAT(busy_before(0, 2, pool(8, 1)), IsEmpty());
}

}  // namespace
}  // namespace ktb::launch
