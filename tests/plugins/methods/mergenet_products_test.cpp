// The adapter's products have their gradients by hand: each against its formula under autograd.
#include "methods/mergenet/products.hpp"

#include <ATen/ops/allclose.h>
#include <ATen/ops/dot.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/types.h>

#include <cmath>

namespace ktb::mergenet {
namespace {

Tensor leaf(at::IntArrayRef sizes) {
  return torch::randn(sizes, at::kDouble).set_requires_grad(true);
}

/// Gradients of the product's sum with a fixed weight for each number.
std::vector<Tensor> gradients(const Tensor& out, const std::vector<Tensor>& of) {
  torch::manual_seed(7);
  return torch::autograd::grad({out}, of, {torch::randn_like(out)});
}

void expect_same(const Tensor& a, const Tensor& b, const std::vector<Tensor>& of) {
  EXPECT_TRUE(at::allclose(a, b, 1e-10, 1e-12));
  const auto x = gradients(a, of), y = gradients(b, of);
  for (std::size_t i = 0; i < of.size(); ++i)
    EXPECT_TRUE(at::allclose(x[i], y[i], 1e-10, 1e-12)) << "gradient " << i;
}

Tensor attended(const Tensor& q, const Tensor& k, const Tensor& v, std::int64_t heads) {
  const auto by_head = [&](const Tensor& x) {
    return x.view({x.size(0), heads, -1}).transpose(0, 1);
  };
  const double width = static_cast<double>(q.size(1) / heads);
  const auto shares =
      (by_head(q).matmul(by_head(k).transpose(1, 2)) / std::sqrt(width)).softmax(-1);
  return shares.matmul(by_head(v)).transpose(0, 1).flatten(1);
}

TEST(MergeNetProducts, AttentionIsItsFormula) {
  const auto q = leaf({5, 12}), k = leaf({7, 12}), v = leaf({7, 12});
  expect_same(attended(q, k, v, 3), attend(q, k, v, 3, 0), {q, k, v});
}

/// What dropout leaves is scaled so that the mean stays; at 1 nothing is left.
TEST(MergeNetProducts, DropoutKeepsTheMean) {
  const torch::NoGradGuard no_grad;
  torch::manual_seed(1);
  const auto q = leaf({64, 8}), k = leaf({64, 8}), v = torch::ones({64, 8}, at::kDouble);
  EXPECT_NEAR(attend(q, k, v, 2, 0.5).mean().item<double>(), 1, 0.05);
  EXPECT_EQ(attend(q, k, v, 2, 1).abs().max().item<double>(), 0);
}

TEST(MergeNetProducts, DroppedSharesPassNoGradient) {
  const auto q = leaf({4, 4}), k = leaf({4, 4}), v = leaf({4, 4});
  for (const auto& gradient : gradients(attend(q, k, v, 2, 1), {q, k, v}))
    EXPECT_EQ(gradient.abs().max().item<double>(), 0);
}

TEST(MergeNetProducts, SpectralLinearIsItsFormula) {
  const auto x = leaf({5, 6}), weight = leaf({3, 6}), bias = leaf({3});
  const auto u = torch::randn({3}, at::kDouble), v = torch::randn({6}, at::kDouble);
  const auto plain = x.matmul((weight / at::dot(u, weight.mv(v))).t()) + bias;
  expect_same(plain, spectral_linear(x, weight, bias, u, v), {x, weight, bias});
}

struct MergeNetFan : testing::Test {
  MergeNetFan() {
    for (const std::int64_t width : {4, 2, 3}) {
      layers.emplace_back(5, width);
      layers.back()->to(at::kDouble);
      fan.add(layers.back());
    }
  }
  void expect_its_layers() {
    const auto x = leaf({6, 5});
    ASSERT_EQ(fan(x).size(), layers.size());
    for (std::size_t i = 0; i < layers.size(); ++i)
      expect_same(layers[i](x), fan(x)[i], {x, layers[i]->weight, layers[i]->bias});
  }
  std::vector<torch::nn::Linear> layers;
  Fan fan;
};

TEST_F(MergeNetFan, IsItsLayers) { expect_its_layers(); }

TEST_F(MergeNetFan, FollowsWhoeverWritesToAWeight) {
  expect_its_layers();
  const torch::NoGradGuard no_grad;
  layers[1]->weight.mul_(2);
  const at::AutoGradMode on(true);
  expect_its_layers();
}

/// As when a module is moved to another device: the parameters lie elsewhere then.
TEST_F(MergeNetFan, IsLaidTogetherAgainWhereItWasTornApart) {
  expect_its_layers();
  layers[1]->weight.set_data(layers[1]->weight.detach().clone().mul_(3));
  expect_its_layers();
  const auto* first = static_cast<const double*>(layers[0]->weight.const_data_ptr());
  EXPECT_EQ(layers[1]->weight.const_data_ptr(), first + layers[0]->weight.numel());
}

TEST(MergeNetProducts, RowsAndColumnsComeInTheirOrder) {
  torch::nn::Linear of_rows(3, 2), of_columns(4, 5);
  MatrixFan fan;
  fan.add(of_columns, true);
  fan.add(of_rows, false);
  const auto found = fan(torch::randn({4, 3}));
  ASSERT_EQ(found.size(), 2);
  EXPECT_EQ(found[0].sizes().vec(), (std::vector<std::int64_t>{3, 5}));
  EXPECT_EQ(found[1].sizes().vec(), (std::vector<std::int64_t>{4, 2}));
}

}  // namespace
}  // namespace ktb::mergenet
