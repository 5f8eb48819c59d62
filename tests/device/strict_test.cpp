// Planted faults: what a GPU refuses because of where a tensor lives, its stand-in refuses, too.
#include <ATen/CPUGeneratorImpl.h>
#include <gmock/gmock.h>
#include <torch/nn.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <csignal>
#include <functional>
#include <string>

#include "device/place.hpp"
#include "run/plugins/told.hpp"
#include "run/train/cuda_module.hpp"

namespace ktb::tests {
namespace {

using at::Tensor;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

/// What a person is told of it; empty: nothing was thrown.
std::string told_of(const std::function<void()>& fault) {
  try {
    fault();
  } catch (const c10::Error& error) {
    return run::told(error);
  }
  return "";
}

struct Strict : testing::Test {
  Tensor on_device = at::ones({3, 3}, device()), on_cpu = at::ones({3, 3});
  Tensor rows = at::zeros({3}, at::kLong);  // on the CPU

  void expect_refused(const char* name, const std::function<void()>& fault) const {
    EXPECT_THAT(told_of(fault), AllOf(HasSubstr("same device"),
                                      HasSubstr("Cure: make each tensor where those are")))
        << name;
  }
};

TEST_F(Strict, OperandsOfTwoDevices) {
  expect_refused("add", [&] { on_device + on_cpu; });
  expect_refused("add_", [&] { on_cpu.clone().add_(on_device); });
  expect_refused("mm", [&] { on_device.mm(on_cpu); });
  expect_refused("cat", [&] { at::cat({on_device, on_cpu}); });
  expect_refused("where", [&] { at::where(on_cpu > 0, on_device, on_device); });
  expect_refused("masked_select", [&] { on_device.masked_select(on_cpu > 0); });
}

TEST_F(Strict, LabelsLeftOnTheCpu) {
  expect_refused("cross_entropy", [&] { at::cross_entropy_loss(on_device, rows); });
  expect_refused("nll_loss", [&] { at::nll_loss(on_device, rows); });
  expect_refused("gather", [&] { on_device.gather(1, rows.unsqueeze(1)); });
  expect_refused("scatter_", [&] { on_device.clone().scatter_(1, rows.unsqueeze(1), 1); });
  expect_refused("index_select", [&] { on_device.index_select(0, rows); });
  expect_refused("embedding", [&] { at::embedding(on_device, rows); });
}

TEST_F(Strict, TensorsMadeWithoutOptions) {
  expect_refused("full of a scalar", [&] { on_device.sum(0) + torch::full({3}, 2.0); });
  expect_refused("arange", [&] { on_device.index_select(0, at::arange(3)); });
  expect_refused("a sum that starts at zeros({})", [&] {
    auto sum = at::zeros({});
    sum += on_device.square().sum();
  });
  expect_refused("stack", [&] { at::stack({on_device.sum(), on_cpu.sum()}); });
}

TEST_F(Strict, TheMessageNamesOperatorAndArgument) {
  if (device_name() != "mock") GTEST_SKIP() << "CUDA has words of its own";
  EXPECT_THAT(told_of([&] { on_device.mm(on_cpu); }),
              HasSubstr("found at least two devices, cuda:0 and cpu! (when checking argument for "
                        "argument mat2 in method aten::mm)"));
}

TEST_F(Strict, GeneratorsOfTheOtherSide) {
  const auto of_cpu = at::detail::createCPUGenerator();
  const auto of_device = at::globalContext().defaultGenerator(device());
  EXPECT_THAT(told_of([&] { on_device.clone().normal_(0, 1, of_cpu); }),
              HasSubstr("Cure: draw without a generator"));
  EXPECT_THAT(told_of([&] { on_cpu.clone().normal_(0, 1, of_device); }), HasSubstr("Cure: "));
}

TEST_F(Strict, AHostThatReadsTheDevicesMemory) {
  testing::FLAGS_gtest_death_test_style = "fast";
  EXPECT_EXIT(
      {
        std::signal(SIGSEGV, SIG_DFL);
        [[maybe_unused]] const volatile float x = *on_device.const_data_ptr<float>();
        std::_Exit(0);
      },
      testing::KilledBySignal(SIGSEGV), "");
}

/// A frozen network in evaluation mode whose input learns: cuDNN keeps nothing for that, unless it
/// is told that it trains.
TEST_F(Strict, GradientsThroughARecurrentNetworkInEvaluationMode) {
  torch::nn::GRU gru(torch::nn::GRUOptions(3, 2));
  gru->to(device());
  gru->eval();
  const auto x = at::ones({2, 1, 3}, device()).requires_grad_();
  const auto out = std::get<0>(gru->forward(x)).sum();
  EXPECT_THAT(told_of([&] { out.backward(); }), HasSubstr("only be called in training mode"));
  gru->train();
  std::get<0>(gru->forward(x)).sum().backward();
  EXPECT_TRUE(x.grad().defined());
}

TEST_F(Strict, WhatCudaTakesFromTheCpuIsTaken) {
  EXPECT_THAT(told_of([&] {
                EXPECT_EQ((on_device * on_cpu.sum()).device(), device());  // one number
                EXPECT_EQ(on_device.index({rows}).device(), device());     // indices
              }),
              IsEmpty());
}

TEST_F(Strict, WaitsAreCounted) {
  auto& module = run::cuda_module();
  if (module.waits() < 0) GTEST_SKIP() << "this device does not count them";
  const auto waits_of = [&](const std::function<void()>& body) {
    const auto before = module.waits();
    body();
    return module.waits() - before;
  };
  EXPECT_EQ(waits_of([&] { (on_device.mm(on_device) + 1).relu().sum(); }), 0);
  EXPECT_EQ(waits_of([&] { on_device.sum().item<float>(); }), 1);
  EXPECT_EQ(waits_of([&] { on_device.cpu(); }), 1);
  EXPECT_EQ(waits_of([&] { on_cpu.to(device()); }), 1);
  EXPECT_EQ(waits_of([&] { on_cpu.to(device(), /*non_blocking=*/true); }), 0);
  EXPECT_EQ(waits_of([&] { on_device.gt(0).nonzero(); }), 1);
  EXPECT_EQ(waits_of([&] { on_device.index({on_device.sum(1).gt(0)}); }), 1);
}

}  // namespace
}  // namespace ktb::tests
