#include "core/base/system/shelf.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <functional>
#include <iterator>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "core/base/system/memory_left.hpp"

namespace ktb::core {
namespace {

/// Whether it says so in a child.
bool in_child(const std::function<bool()>& work) {
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(work() ? 0 : 1);
  int status = 0;
  ::waitpid(pid, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool put(Shelf& shelf, const std::string& key, const std::string& text) {
  return in_child([&] {
    shelf.put(key, {text});
    return true;
  });
}

std::string text_of(const SharedBytes& bytes) { return {bytes.data(), bytes.size()}; }

TEST(Shelf, WhatOneChildPutThereLaterOnesFind) {
  Shelf shelf;
  EXPECT_TRUE(put(shelf, "key", "some bytes"));
  EXPECT_EQ(shelf.find("key"), nullptr) << "not taken in yet";
  shelf.take_in();
  EXPECT_TRUE(in_child([&] { return text_of(*shelf.find("key")) == "some bytes"; }));
  EXPECT_EQ(shelf.find("another"), nullptr);
  EXPECT_TRUE(put(shelf, "key", "other bytes"));
  shelf.take_in();
  EXPECT_EQ(text_of(*shelf.find("key")), "some bytes") << "the first stays";
}

TEST(Shelf, PartsStandBehindEachOther) {
  Shelf shelf;
  shelf.put("key", {"some", "", " bytes"});
  shelf.take_in();
  EXPECT_EQ(text_of(*shelf.find("key")), "some bytes");
  shelf.put("empty", {});
  shelf.take_in();
  EXPECT_EQ(shelf.find("empty"), nullptr);
}

TEST(Shelf, WhatAChildWritesIsItsOwn) {
  Shelf shelf;
  put(shelf, "key", "some bytes");
  shelf.take_in();
  EXPECT_TRUE(in_child([&] {
    const auto bytes = shelf.find("key");
    bytes->data()[0] = 'h';
    return text_of(*bytes) == "home bytes" && text_of(*shelf.find("key")) == "some bytes";
  }));
  EXPECT_EQ(text_of(*shelf.find("key")), "some bytes");
}

/// By any way that the system offers.
TEST(Shelf, NobodyCanChangeIt) {
  Shelf shelf;
  put(shelf, "key", "some bytes");
  shelf.take_in();
  int found = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    if (std::filesystem::read_symlink(entry.path(), gone).string().find("ktbench-data") ==
        std::string::npos)
      continue;
    ++found;
    const int file = std::stoi(entry.path().filename());
    EXPECT_LT(::pwrite(file, "x", 1, 0), 0);
    EXPECT_EQ(errno, EPERM);
    EXPECT_NE(::ftruncate(file, 1), 0);
    EXPECT_NE(::ftruncate(file, 100), 0);
    EXPECT_EQ(::mmap(nullptr, 10, PROT_WRITE, MAP_SHARED, file, 0), MAP_FAILED);
  }
  EXPECT_EQ(found, 1);
}

TEST(Shelf, TakesNoMoreThanAQuarterOfWhatIsFree) {
  Shelf shelf;
  const auto count = [] {
    return std::distance(std::filesystem::directory_iterator("/proc/self/fd"),
                         std::filesystem::directory_iterator());
  };
  const auto before = count();
  const std::string part(1 << 20, 'x');
  const std::vector<std::string_view> parts(memory_left() / part.size() / 4 + 100, part);
  shelf.put("large", parts);
  shelf.take_in();
  EXPECT_EQ(shelf.find("large"), nullptr);
  EXPECT_EQ(count(), before);
}

TEST(MemoryLeft, IsWhatAProgramMayTake) {
  EXPECT_GT(memory_left(), std::size_t{1} << 24);
  EXPECT_LT(memory_left(), std::size_t{1} << 50);
}

}  // namespace
}  // namespace ktb::core
