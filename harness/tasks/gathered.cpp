#include "tasks/gathered.hpp"

#include <ATen/ops/cat.h>
#include <ATen/ops/nan_to_num.h>

#include <limits>

#include "ktb/error.hpp"

namespace ktb::tasks {
namespace {

template <class Number>
std::vector<Number> elements(const Tensor& x, at::ScalarType type) {
  const auto all = x.detach().to(at::kCPU, type).contiguous();
  const auto* first = all.const_data_ptr<Number>();
  return std::vector<Number>(first, first + all.numel());
}

}  // namespace

Tensor Gathered::joined() const {
  if (parts_.empty()) throw Error("an evaluation without examples has no metrics");
  return at::cat(parts_);
}

double Gathered::mean() const { return joined().to(at::kDouble).mean().item<double>(); }

std::vector<bool> bits(const Tensor& flags) { return elements<bool>(flags, at::kBool); }

std::vector<std::int64_t> whole_numbers(const Tensor& x) {
  return elements<std::int64_t>(x, at::kLong);
}

std::vector<double> numbers(const Tensor& x) { return elements<double>(x, at::kDouble); }

Tensor comparable(const Tensor& logits) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  return at::nan_to_num(logits.detach().to(at::kFloat), -kInfinity, kInfinity, -kInfinity);
}

}  // namespace ktb::tasks
