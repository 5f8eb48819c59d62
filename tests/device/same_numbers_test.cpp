// The mock device computes what the CPU computes, bit by bit.
#include <gmock/gmock.h>
#include <torch/nn.h>
#include <torch/optim/sgd.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <map>
#include <optional>
#include <string>

#include "device/place.hpp"
#include "run/train/cuda_module.hpp"

namespace ktb::tests {
namespace {

namespace nn = torch::nn;
using at::Tensor;
using Named = std::map<std::string, Tensor>;

struct SameNumbers : testing::Test {
  void SetUp() override {
    if (!run::cuda_module().exact()) GTEST_SKIP() << "a GPU's kernels round in their own way";
  }
};

void expect_same(const Named& on_cpu, const Named& on_device) {
  ASSERT_EQ(on_cpu.size(), on_device.size());
  for (const auto& [name, expected] : on_cpu) {
    const auto& actual = on_device.at(name);
    EXPECT_EQ(actual.device(), device()) << name;
    EXPECT_EQ(actual.sizes(), expected.sizes()) << name;
    EXPECT_TRUE(actual.cpu().equal(expected)) << name;
  }
}

void add_state(const nn::Module& module, Named& all) {
  for (const auto& item : module.named_parameters()) all[item.key()] = item.value().detach();
  for (const auto& item : module.named_buffers()) all[item.key()] = item.value();
}

/// What ktbench's own code asks of LibTorch, on what a training left.
void add_operators(const Tensor& x, const Tensor& out, const Tensor& y, Named& all) {
  all["argmax"] = out.argmax(1);
  all["index_select"] = out.index_select(0, y);
  all["sorted"] = std::get<0>(out.sort(1));
  all["transposed"] = out.t().contiguous();
  all["by mask"] = out.index({y > 2});
  all["cat"] = at::cat({out, out}).sum(0);
  all["arange"] = at::arange(5, x.options()) * 2;
  all["stack"] = at::stack({x, x}, 1).mean(at::IntArrayRef({0, 2}));
  all["topk"] = std::get<1>(out.topk(2));
  all["double"] = out.to(at::kDouble).std();
  all["unfold"] = out.unfold(1, 2, 1);
  all["resized"] = at::zeros({3}, x.options()).resize_({7}).zero_();
  all["drawn"] = at::randn({2}, x.options()).sub_(1);
  all["kept"] = at::empty({4}, x.options()).bernoulli_(0.5);
}

Named trained(at::Device where, double dropout) {
  torch::manual_seed(1);
  nn::Sequential net(nn::Conv2d(nn::Conv2dOptions(3, 8, 3).padding(1)), nn::BatchNorm2d(8),
                     nn::ReLU(), nn::MaxPool2d(2), nn::Flatten(), nn::Dropout(dropout),
                     nn::Linear(8 * 16, 5), nn::LayerNorm(nn::LayerNormOptions({5})));
  auto x = at::randn({6, 3, 8, 8}), y = at::randint(5, {6}, at::kLong);
  net->to(where), x = x.to(where), y = y.to(where);
  torch::manual_seed(2);
  torch::optim::SGD sgd(net->parameters(),
                        torch::optim::SGDOptions(0.1).momentum(0.9).weight_decay(1e-3));
  Tensor out, loss;
  for (int i = 0; i < 4; ++i) {
    sgd.zero_grad();
    out = net->forward(x);
    loss = at::cross_entropy_loss(out, y);
    loss.backward();
    sgd.step();
  }
  Named all = {{"out", out.detach()}, {"loss", loss.detach()}};
  add_state(*net, all);
  add_operators(x, out.detach(), y, all);
  return all;
}

TEST_F(SameNumbers, OfATrainingWithBatchNormalisation) {
  expect_same(trained(at::kCPU, 0), trained(device(), 0));
}

TEST_F(SameNumbers, OfATrainingWithDropout) {
  expect_same(trained(at::kCPU, 0.5), trained(device(), 0.5));
}

TEST_F(SameNumbers, OfAttention) {
  const auto made = at::randn({2, 3, 7, 8});
  const auto seen = at::rand({2, 1, 1, 7}).gt(0.3).logical_or(at::arange(7).eq(0));
  const auto run = [&](at::Device where, bool masked) {
    const auto x = made.clone().to(where).requires_grad_();
    const auto mask = masked ? std::optional(seen.to(where)) : std::nullopt;
    const auto out = at::scaled_dot_product_attention(x, x * 2, x + 1, mask);
    out.square().sum().backward();
    return Named{{"out", out.detach()}, {"gradient", x.grad()}};
  };
  for (const bool masked : {false, true}) expect_same(run(at::kCPU, masked), run(device(), masked));
}

/// Forward and gradients of a recurrent network. Cells are fused on GPUs: composed there of other
/// operators than on CPUs, so their last bits differ.
template <class Network>
void expect_close(Network network) {
  const auto text = at::randn({5, 2, 4});
  const auto run = [&](at::Device where) {
    network->zero_grad();
    network->to(where);
    const auto out = std::get<0>(network->forward(text.to(where)));
    out.sum().backward();
    Named all = {{"out", out.detach().cpu()}};
    for (const auto& item : network->named_parameters())
      all[item.key()] = item.value().grad().cpu().clone();
    return all;
  };
  const auto on_cpu = run(at::kCPU), on_device = run(device());
  for (const auto& [name, expected] : on_cpu)
    EXPECT_TRUE(on_device.at(name).allclose(expected, 1e-5, 1e-6)) << name;
}

TEST_F(SameNumbers, OfRecurrentNetworksUpToRounding) {
  expect_close(nn::GRU(nn::GRUOptions(4, 6).bidirectional(true)));
  expect_close(nn::LSTM(nn::LSTMOptions(4, 6).bidirectional(true)));
}

TEST(Views, ShareMemory) {
  const auto x = at::ones({3, 3}, device());
  x.view({9})[0] = 7;
  EXPECT_EQ(x.cpu()[0][0].item<float>(), 7);
  x.slice(0, 1).fill_(3);
  EXPECT_EQ(x.sum().item<float>(), 27);
  auto put = x.clone();
  put.index_put_({at::zeros({3}, at::kLong)}, at::full({}, 5.F));
  EXPECT_EQ(put.cpu()[0][0].item<float>(), 5);
}

TEST(Results, GrowWhereTheyAreGiven) {
  const auto x = at::ones({3, 3}, device());
  auto sum = at::empty({0}, x.options());
  at::add_out(sum, x, x);
  EXPECT_EQ(sum.sizes(), x.sizes());
  EXPECT_EQ(sum.sum().item<float>(), 18);
  auto other = at::empty({0}, x.options());
  other.set_(x);
  EXPECT_EQ(other.sizes(), x.sizes());
  EXPECT_EQ(other.fill_(2).device(), device());
  EXPECT_EQ(x.sum().item<float>(), 18) << "of one memory";
  const c10::InferenceMode inference;
  EXPECT_EQ((x + 1).sum().item<float>(), 27);
}

}  // namespace
}  // namespace ktb::tests
