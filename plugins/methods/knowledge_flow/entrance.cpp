#include "entrance.hpp"

#include <ATen/ops/zeros.h>
#include <torch/utils.h>

#include <algorithm>
#include <map>
#include <utility>

namespace ktb::knowledge_flow {
namespace {

constexpr std::int64_t kFreeExtent = 16;  // of a text, say, where any will do

Batch two_blank_examples(const TaskSpec& task) {
  Batch batch;
  for (const auto& input : task.inputs) {
    std::vector<std::int64_t> shape{2};
    for (const auto extent : input.shape) shape.push_back(extent < 0 ? kFreeExtent : extent);
    batch.x[input.name] = at::zeros(shape, input.vocabulary > 0 ? at::kLong : at::kFloat);
  }
  return batch;
}

std::vector<ConvolutionImpl*> convolutions(Model& model) {
  std::vector<ConvolutionImpl*> all;
  for (const auto& item : model.named_modules("", /*include_self=*/false))
    if (auto* one = item.value()->as<Convolution>()) all.push_back(one);
  return all;
}

/// By the shape of its output the convolution that computes it last.
std::map<Shape, ConvolutionImpl*> last_of_each_shape(Model& model) {
  const torch::NoGradGuard no_grad;
  const auto all = convolutions(model);
  std::map<Shape, ConvolutionImpl*> last;
  if (all.empty()) return last;
  for (auto* one : all)
    one->stand_in = [one, &last](const Tensor& x) {
      auto y = one->torch::nn::Conv2dImpl::forward(x);
      last[y.sizes().slice(1).vec()] = one;
      return y;
    };
  const bool training = model.is_training();
  model.eval();
  const auto device = all[0]->weight.device();
  auto blank = two_blank_examples(model.task());
  for (auto& [name, x] : blank.x) x = x.to(device);
  model.trunk(blank);
  model.train(training);
  for (auto* one : all) one->stand_in = nullptr;
  return last;
}

}  // namespace

std::vector<Entrance> entrances(Model& model, const std::vector<Shape>& features) {
  std::vector<Entrance> all;
  for (const auto& [shape, convolution] : last_of_each_shape(model)) {
    const auto deepest = std::find(features.rbegin(), features.rend(), shape);
    if (deepest == features.rend()) continue;
    all.push_back({convolution, static_cast<std::size_t>(features.rend() - deepest - 1)});
  }
  std::ranges::sort(all, {}, &Entrance::place);
  return all;
}

}  // namespace ktb::knowledge_flow
