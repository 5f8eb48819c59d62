#include "launch/lock.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <vector>

#include "temporary_folder.hpp"

namespace {
bool flock_works = true;
}

/// In the place of the C library's: some file systems have none.
extern "C" int flock(int file, int operation) noexcept {
  if (flock_works) return static_cast<int>(::syscall(SYS_flock, file, operation));
  errno = ENOSYS;
  return -1;
}

namespace ktb::launch {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;

class Leases : public testing::Test {
 protected:
  ~Leases() override { flock_works = true; }

  fs::path file(const std::string& name) const { return folder_.path() / name; }

  /// As another machine leaves it that renewed it so long ago.
  void leave(const std::string& name, const std::string& text, seconds age) const {
    fs::create_directories(folder_.path());
    std::ofstream(file(name)) << text;
    fs::last_write_time(file(name), fs::file_time_type::clock::now() - age);
  }

  /// The exit codes of as many processes that do the same side by side.
  static std::vector<int> side_by_side(int count, const std::function<int()>& work) {
    std::vector<pid_t> children;
    for (int i = 0; i < count; ++i) {
      children.push_back(::fork());
      if (children.back() == 0) ::_exit(work());
    }
    std::vector<int> codes;
    for (const pid_t child : children) {
      int status = 0;
      ::waitpid(child, &status, 0);
      codes.push_back(WIFEXITED(status) ? WEXITSTATUS(status) : -1);
    }
    return codes;
  }

  const TemporaryFolder own_;
  const core::TrialFolder folder_{own_.path() / "trials" / "kd-s0"};
};

TEST_F(Leases, OfAnotherMachineHoldUntilTheyRunOut) {
  leave(".lock", "another-kernel node7 41\n", seconds(100));
  EXPECT_TRUE(TrialLock::held(folder_));
  EXPECT_FALSE(TrialLock::take(folder_));
  leave(".lock", "another-kernel node7 41\n", seconds(130));
  EXPECT_FALSE(TrialLock::held(folder_));
  {
    const auto lock = TrialLock::take(folder_);
    ASSERT_TRUE(lock);
    EXPECT_TRUE(fs::exists(file(".lock.2")));
    EXPECT_TRUE(TrialLock::held(folder_));
  }
  EXPECT_TRUE(fs::is_empty(folder_.path())) << "a lock that was given up leaves nothing";
}

TEST_F(Leases, OfAKilledProcessAreFreeAtOnce) {
  side_by_side(1, [&]() -> int {
    const auto lock = TrialLock::take(folder_);
    ::_exit(0);
  });
  EXPECT_TRUE(fs::exists(file(".lock")));
  EXPECT_FALSE(TrialLock::held(folder_));
  EXPECT_TRUE(TrialLock::take(folder_));
}

TEST_F(Leases, OfAnOlderVersionMeanNothing) {
  leave(".lock", "", seconds(3600));
  EXPECT_FALSE(TrialLock::held(folder_));
  EXPECT_TRUE(TrialLock::take(folder_));
}

TEST_F(Leases, ThatAreJustBeingMadeHold) {
  leave(".lock", "", seconds(0));
  EXPECT_TRUE(TrialLock::held(folder_));
}

TEST_F(Leases, WhoStoodStillSeesThatItIsAnothersNow) {
  {
    const auto lock = TrialLock::take(folder_);
    EXPECT_TRUE(lock->holds());
    leave(".lock.2", "another-kernel node7 41\n", seconds(0));
    EXPECT_FALSE(lock->holds());
  }
  EXPECT_TRUE(fs::exists(file(".lock.2"))) << "which is not ours to take away";
  EXPECT_TRUE(fs::exists(file(".lock")));
}

TEST_F(Leases, OfALostMachineAreTakenOverByOne) {
  for (const bool works : {true, false}) {
    flock_works = works;
    for (int round = 0; round < 20; ++round) {
      fs::remove_all(folder_.path());
      leave(".lock", "another-kernel node7 41\n", seconds(130));
      const fs::path tried =
          own_.path() / ("tried" + std::to_string(works) + std::to_string(round));
      fs::create_directories(tried);
      const auto codes = side_by_side(6, [&] {
        const auto lock = TrialLock::take(folder_);
        std::ofstream(tried / std::to_string(::getpid()));
        const auto all = [&] { return std::distance(fs::directory_iterator(tried), {}) == 6; };
        while (lock && !all()) ::usleep(1000);  // so that none comes when it has been given up
        return !lock ? 0 : lock->holds() ? 1 : 2;
      });
      EXPECT_EQ(std::count(codes.begin(), codes.end(), 1), 1) << works;
      EXPECT_EQ(std::count(codes.begin(), codes.end(), 0), 5) << works;
    }
  }
}

TEST_F(Leases, KeepOthersOutWithoutFlockToo) {
  for (const bool works : {true, false}) {
    flock_works = works;
    const fs::path inside = own_.path() / "inside";
    const auto codes = side_by_side(6, [&] {
      for (int turns = 0; turns < 30;) {
        const auto lock = TrialLock::take(folder_);
        if (!lock) continue;
        const int file = ::open(inside.c_str(), O_CREAT | O_EXCL | O_WRONLY, 0600);
        if (file < 0) return 1;
        ::close(file);
        fs::remove(inside);
        ++turns;
      }
      return 0;
    });
    EXPECT_EQ(codes, std::vector<int>(6, 0)) << works;
  }
}

}  // namespace
}  // namespace ktb::launch
