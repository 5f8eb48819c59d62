#pragma once
#include <cstdint>

#include "core/base/json.hpp"
#include "ktb/task.hpp"

namespace ktb::run {

/// Tensors by a hash formula, so that reference cases need not store a network's weights. Number
/// `k`, flat row-major index i; float32.
/// offset + scale * value, with value in [-1, 1).
Tensor formula_tensor(std::uint32_t k, const std::vector<std::int64_t>& shape, double scale = 1,
                      double offset = 0);
/// The vector of values divided by its Euclidean norm.
Tensor formula_unit(std::uint32_t k, const std::vector<std::int64_t>& shape);
/// `[k, scale, offset]` of a case's options; scale "unit" means formula_unit().
Tensor formula_tensor(const core::Json& rule, const std::vector<std::int64_t>& shape);
/// Dot product of the flattened tensor with formula tensor k, in double.
Tensor formula_dot(const Tensor& tensor, std::uint32_t k);

}  // namespace ktb::run
