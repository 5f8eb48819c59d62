#include "ktb/random.hpp"

#include <gtest/gtest.h>
#include <torch/types.h>

#include <cstdint>

namespace ktb {
namespace {

/// SplitMix64, as its author has it: the output number i of a generator that starts at `seed`.
std::uint64_t split_mix(std::uint64_t seed, std::uint64_t i) {
  std::uint64_t x = seed + (i + 1) * 0x9E3779B97F4A7C15u;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
  return x ^ (x >> 31);
}

Tensor seed(std::int64_t value) { return torch::full({}, value, at::kLong); }

TEST(Random, UniformNumbersAreTheUpperBitsOfSplitMix) {
  for (const std::int64_t start : {std::int64_t{0}, std::int64_t{-1}, std::int64_t{1} << 62}) {
    const auto made = random_uniform(seed(start), {5, 20}).flatten();
    for (std::int64_t i = 0; i < 100; ++i) {
      const auto bits = split_mix(static_cast<std::uint64_t>(start), static_cast<std::uint64_t>(i));
      EXPECT_EQ(made[i].item<float>(), static_cast<float>(bits >> 40) / (1 << 24)) << start;
    }
  }
}

TEST(Random, IntegersCoverTheirRangeEvenly) {
  const auto made = random_integers(seed(7), 10, {100000});
  const auto counts = at::bincount(made, {}, 10).to(at::kDouble);
  EXPECT_EQ(counts.numel(), 10);
  EXPECT_LT((counts - 10000).square().sum().item<double>() / 10000, 27.9);  // chi-square, 0.001
}

TEST(Random, NormalNumbersHaveTheMomentsOfANormalDistribution) {
  const auto made = random_normal(seed(3), {400, 500}).to(at::kDouble);
  ASSERT_TRUE(made.isfinite().all().item<bool>());
  EXPECT_NEAR(made.mean().item<double>(), 0, 0.01);
  EXPECT_NEAR(made.square().mean().item<double>(), 1, 0.01);
  EXPECT_NEAR(made.pow(3).mean().item<double>(), 0, 0.03);
  EXPECT_NEAR(made.pow(4).mean().item<double>(), 3, 0.1);
}

TEST(Random, OtherSeedsGiveOtherNumbers) {
  const auto a = random_normal(seed(1), {1000}), b = random_normal(seed(2), {1000});
  EXPECT_LT(at::dot(a, b).abs().item<float>() / 1000, 0.15);
  EXPECT_TRUE(at::equal(a, random_normal(seed(1), {1000})));
}

}  // namespace
}  // namespace ktb
