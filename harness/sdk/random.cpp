#include "ktb/random.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>

#include <numbers>

namespace ktb {
namespace {

std::int64_t wrapped(std::uint64_t value) { return static_cast<std::int64_t>(value); }

/// x ^= x >> bits, as an unsigned number has it.
void fold(Tensor& x, int bits) {
  const auto low = wrapped((std::uint64_t{1} << (64 - bits)) - 1);
  x.bitwise_xor_(x.bitwise_right_shift(bits).bitwise_and_(low));
}

/// int64 [n] of random bits: SplitMix64 at the places 0 to n - 1 of a stream.
Tensor random_bits(const Tensor& seed, std::int64_t n) {
  auto x = at::arange(1, n + 1, seed.options()).mul_(wrapped(0x9E3779B97F4A7C15u)).add_(seed);
  fold(x, 30);
  x.mul_(wrapped(0xBF58476D1CE4E5B9u));
  fold(x, 27);
  x.mul_(wrapped(0x94D049BB133111EBu));
  fold(x, 31);
  return x;
}

/// The upper bits as a number in [0, 1).
Tensor fractions(const Tensor& bits, int count, at::ScalarType type) {
  const auto mask = (std::int64_t{1} << count) - 1;
  return bits.bitwise_right_shift(64 - count)
      .bitwise_and_(mask)
      .to(type)
      .mul_(1.0 / static_cast<double>(std::int64_t{1} << count));
}

}  // namespace

Tensor random_integers(const Tensor& seed, std::int64_t below, at::IntArrayRef sizes) {
  const auto bits = random_bits(seed, c10::multiply_integers(sizes));
  return fractions(bits, 53, at::kDouble)
      .mul_(static_cast<double>(below))
      .to(at::kLong)
      .view(sizes);
}

Tensor random_uniform(const Tensor& seed, at::IntArrayRef sizes) {
  const auto bits = random_bits(seed, c10::multiply_integers(sizes));
  return fractions(bits, 24, at::kFloat).view(sizes);
}

/// Box and Muller, a pair of uniform numbers for each.
Tensor random_normal(const Tensor& seed, at::IntArrayRef sizes) {
  const auto n = c10::multiply_integers(sizes);
  const auto pairs = fractions(random_bits(seed, 2 * n), 24, at::kFloat).view({2, n});
  const auto radius = pairs[0].neg().add_(1).log_().mul_(-2).sqrt_();
  return radius.mul(pairs[1].mul(2 * std::numbers::pi).cos_()).view(sizes);
}

}  // namespace ktb
