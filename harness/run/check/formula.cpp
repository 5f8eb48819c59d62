#include "run/check/formula.hpp"

#include <torch/types.h>

namespace ktb::run {
namespace {

/// In [-1, 1), exact in float32.
double value(std::uint32_t k, std::uint32_t i) {
  std::uint32_t h = i * 2654435761U + k * 2246822519U + 374761393U;
  h ^= h >> 15;
  h *= 2246822519U;
  h ^= h >> 13;
  h *= 3266489917U;
  h ^= h >> 16;
  return static_cast<double>(h >> 8) / 8388608.0 - 1.0;
}

}  // namespace

Tensor formula_tensor(std::uint32_t k, const std::vector<std::int64_t>& shape, double scale,
                      double offset) {
  Tensor tensor = at::empty(shape, at::kFloat);
  float* out = tensor.mutable_data_ptr<float>();
  for (std::int64_t i = 0; i < tensor.numel(); ++i)
    out[i] = static_cast<float>(offset + scale * value(k, static_cast<std::uint32_t>(i)));
  return tensor;
}

Tensor formula_unit(std::uint32_t k, const std::vector<std::int64_t>& shape) {
  const Tensor values = formula_tensor(k, shape).to(at::kDouble);
  return (values / values.norm()).to(at::kFloat);
}

Tensor formula_tensor(const core::Json& rule, const std::vector<std::int64_t>& shape) {
  const auto k = rule.at(0).get<std::uint32_t>();
  if (rule.at(1).is_string()) return formula_unit(k, shape);
  return formula_tensor(k, shape, rule.at(1).get<double>(), rule.at(2).get<double>());
}

Tensor formula_dot(const Tensor& tensor, std::uint32_t k) {
  const Tensor flat = tensor.detach().cpu().contiguous().flatten().to(at::kDouble);
  return flat.dot(formula_tensor(k, {flat.numel()}).to(at::kDouble));
}

}  // namespace ktb::run
