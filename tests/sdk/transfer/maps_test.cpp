#include "ktb/transfer/maps.hpp"

#include <ATen/ops/allclose.h>
#include <ATen/ops/mse_loss.h>
#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

namespace ktb {
namespace {

Tensor map(std::uint64_t seed) {
  torch::manual_seed(seed);
  return torch::randn({4, 6, 5, 5}).contiguous(at::MemoryFormat::ChannelsLast);
}

/// Value, and gradient by the map, of what is made of it.
template <class Made>
std::pair<Tensor, Tensor> with_gradient(Made made) {
  const auto x = map(1).requires_grad_();
  const auto value = made(x);
  value.square().sum().backward();
  return {value.detach(), x.grad()};
}

template <class Made, class Known>
void expect_equal(Made made, Known known) {
  const auto [value, gradient] = with_gradient(made);
  const auto [wanted, of_wanted] = with_gradient(known);
  EXPECT_TRUE(at::allclose(value, wanted, 1e-6, 1e-8));
  EXPECT_TRUE(at::allclose(gradient, of_wanted, 1e-5, 1e-8));
}

TEST(MapMeans, AreThoseOfLibTorch) {
  expect_equal(mean_of, [](const Tensor& x) { return x.mean(); });
  expect_equal(channel_mean, [](const Tensor& x) { return x.mean(1); });
  expect_equal([](const Tensor& x) { return mean_square(x, map(2)); },
               [](const Tensor& x) { return at::mse_loss(x, map(2)); });
}

TEST(MapMeans, OfShortNumbersAreNotShort) {
  const auto a = map(1).to(at::kBFloat16), b = map(2).to(at::kBFloat16);
  const auto value = mean_square(a, b);
  EXPECT_EQ(value.scalar_type(), at::kFloat);
  EXPECT_TRUE(at::allclose(value, at::mse_loss(a.to(at::kFloat), b.to(at::kFloat))));
}

}  // namespace
}  // namespace ktb
