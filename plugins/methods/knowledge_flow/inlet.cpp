#include "inlet.hpp"

#include <ATen/ops/conv2d.h>
#include <ATen/ops/zeros.h>
#include <torch/nn/modules/linear.h>

#include <cmath>

#include "ktb/transfer/maps.hpp"

namespace ktb::knowledge_flow {
namespace {

namespace nn = torch::nn;

/// Channels of a map, else the width of a vector.
std::int64_t width(const Shape& shape) { return shape.size() == 2 ? shape[1] : shape.at(0); }

/// The teacher's layer in the form of the student's, or such that it spreads over all places of it.
Tensor carried(nn::LinearImpl& transform, const Tensor& teacher, const Tensor& own) {
  if (own.dim() == 4 && teacher.dim() == 4)
    return at::conv2d(pooled_like(teacher, own), transform.weight.unsqueeze(2).unsqueeze(3),
                      transform.bias);
  const auto vector = transform.forward(averaged(teacher));
  return own.dim() == 4 ? vector.unsqueeze(2).unsqueeze(3) : vector;
}

}  // namespace

InletImpl::InletImpl(const Shape& own, const std::vector<Shape>& teachers, double start) {
  const auto count = static_cast<std::int64_t>(teachers.size());
  auto logits = at::zeros({1 + count});
  logits[0] = std::log(static_cast<double>(count) * start / (1 - start));
  logits_ = register_parameter("logits", logits);
  for (const auto& teacher : teachers)
    transforms_->push_back(nn::Linear(width(teacher), width(own)));
  register_module("transform", transforms_);
}

Tensor InletImpl::forward(const Tensor& own, const std::vector<Tensor>& teachers) {
  const auto weights = logits_.softmax(0);
  auto sum = weights[0] * own;
  for (std::size_t i = 0; i < teachers.size(); ++i) {
    auto& transform = *transforms_[i]->as<nn::Linear>();
    sum = sum + weights[static_cast<std::int64_t>(i) + 1] * carried(transform, teachers[i], own);
  }
  return sum;
}

}  // namespace ktb::knowledge_flow
