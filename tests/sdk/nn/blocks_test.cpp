// A convolution that methods can replace is torch's own where none does, bit for bit.
#include "ktb/nn/blocks.hpp"

#include <gmock/gmock.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "run/data/random.hpp"

namespace ktb::run {
namespace {

struct Root : torch::nn::Module {};

/// What two convolutions are compared by.
struct Trace {
  std::vector<Tensor> tensors;
  template <class Conv>
  Trace(Conv& conv, const Tensor& x, bool channels_last) {
    if (channels_last) {
      const torch::NoGradGuard no_grad;
      conv.weight.set_data(conv.weight.contiguous(at::MemoryFormat::ChannelsLast));
    }
    const auto input = x.clone().requires_grad_();
    tensors = {conv.weight, conv.forward(input)};
    if (conv.bias.defined()) tensors.push_back(conv.bias);
    tensors[1].square().sum().backward();
    tensors.push_back(input.grad());
    tensors.push_back(conv.weight.grad());
    if (conv.bias.defined()) tensors.push_back(conv.bias.grad());
  }
};

TEST(Convolution, IsTorchsOwnBitForBit) {
  const ConvShape shapes[] = {{.in = 3, .out = 16, .kernel = 3},
                              {.in = 16, .out = 32, .kernel = 3, .stride = 2},
                              {.in = 16, .out = 8, .bias = true},
                              {.in = 8, .out = 8, .kernel = 3, .groups = 8, .bias = true},
                              {.in = 1, .out = 8, .padding = 1, .bias = true},
                              {.in = 3, .out = 8, .kernel = 7, .stride = 4, .padding = 2}};
  for (const bool channels_last : {true, false}) {
    for (const auto& shape : shapes) {
      const RandomScope random(at::kCPU, 1);
      auto x = torch::randn({4, shape.in, 15, 15});
      if (channels_last) x = x.contiguous(at::MemoryFormat::ChannelsLast);
      Root root;
      torch::manual_seed(2);
      const auto ours = add_conv(root, "conv", shape);
      const auto ours_next = torch::rand({1});
      torch::manual_seed(2);
      const auto padding = shape.padding < 0 ? shape.kernel / 2 : shape.padding;
      const torch::nn::Conv2d theirs(torch::nn::Conv2dOptions(shape.in, shape.out, shape.kernel)
                                         .stride(shape.stride)
                                         .padding(padding)
                                         .groups(shape.groups)
                                         .bias(shape.bias));
      EXPECT_TRUE(torch::equal(ours_next, torch::rand({1})));  // as many random draws
      const Trace a(*ours.ptr(), x, channels_last), b(*theirs.ptr(), x, channels_last);
      ASSERT_EQ(a.tensors.size(), b.tensors.size());
      for (std::size_t i = 0; i < a.tensors.size(); ++i) {
        EXPECT_TRUE(torch::equal(a.tensors[i], b.tensors[i])) << "tensor " << i;
        EXPECT_EQ(a.tensors[i].strides(), b.tensors[i].strides()) << "tensor " << i;
      }
    }
  }
}

TEST(Shuffle, TakesChannelsOfTheGroupsInTurnInEitherLayout) {
  const auto map = torch::arange(2 * 6 * 3 * 3, at::kFloat).view({2, 6, 3, 3});
  const auto order = torch::tensor({0, 2, 4, 1, 3, 5});  // three groups of two
  for (const auto layout : {at::MemoryFormat::Contiguous, at::MemoryFormat::ChannelsLast}) {
    const auto shuffled = shuffle_channels(map.contiguous(layout), 3);
    EXPECT_TRUE(torch::equal(shuffled, map.index_select(1, order)));
    EXPECT_TRUE(shuffled.is_contiguous(layout));
  }
}

TEST(Convolution, GivesWayToAStandIn) {
  Root root;
  auto conv = add_conv(root, "conv", {.in = 2, .out = 2});
  const auto x = torch::ones({1, 2, 3, 3});
  conv->stand_in = [](const Tensor& seen) { return seen + 1; };
  EXPECT_TRUE(torch::equal(conv->forward(x), x + 1));
}

}  // namespace
}  // namespace ktb::run
