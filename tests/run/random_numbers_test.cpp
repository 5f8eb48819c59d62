// The tests of a suite share a process; each starts with the random numbers of a fresh one, so that
// no test depends on those before it.
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/rand.h>
#include <gtest/gtest.h>

namespace ktb::run {
namespace {

class FreshRandomNumbers final : public testing::EmptyTestEventListener {
  void OnTestStart(const testing::TestInfo&) override {
    auto generator = at::detail::getDefaultCPUGenerator();  // a handle of the one that there is
    generator.set_current_seed(c10::default_rng_seed_val);
  }
};

const bool kListening = [] {
  testing::UnitTest::GetInstance()->listeners().Append(new FreshRandomNumbers);
  return true;
}();

at::Tensor first_of_a_process() {
  return at::rand({4}, at::detail::createCPUGenerator(c10::default_rng_seed_val));
}

TEST(RandomNumbers, StartAnewInOneTest) {
  ASSERT_TRUE(kListening);
  EXPECT_TRUE(at::equal(at::rand({4}), first_of_a_process()));
}
TEST(RandomNumbers, AndInTheNext) { EXPECT_TRUE(at::equal(at::rand({4}), first_of_a_process())); }

}  // namespace
}  // namespace ktb::run
