#include "launch/machine/equipped.hpp"

#include <gtest/gtest.h>

namespace ktb::launch {
namespace {

TEST(Equipped, MallocAsksForHugePagesUnlessItWasTold) {
  EXPECT_EQ(with_huge_pages(""), "glibc.malloc.hugetlb=1");
  EXPECT_EQ(with_huge_pages("glibc.malloc.arena_max=1"),
            "glibc.malloc.arena_max=1:glibc.malloc.hugetlb=1");
  for (const char* told : {"glibc.malloc.hugetlb=0", "glibc.malloc.hugetlb=2:glibc.malloc.check=1"})
    EXPECT_EQ(with_huge_pages(told), told);
}

}  // namespace
}  // namespace ktb::launch
