#pragma once
#include <torch/nn/modules/linear.h>

#include <utility>
#include <vector>

#include "ktb/task.hpp"

// The products that an adapter consists of, each with its gradients by hand: an adapter makes a few
// small matrices, so on a GPU the number of kernels is its price, and autograd needs twice as many.

namespace ktb::mergenet {

/// Linear layers of the same rows as one product. Their weights lie behind one another in memory,
/// and stay registered where they are, under their own names.
class Fan {
 public:
  void add(torch::nn::Linear layer) { layers_.push_back(std::move(layer)); }
  /// The result of each layer, [rows, its outputs].
  std::vector<Tensor> operator()(const Tensor& x);

 private:
  std::vector<torch::nn::Linear> layers_;
  Tensor weight_, bias_;
};

/// Linear layers of a matrix: a product for those that read its rows, one for its columns.
class MatrixFan {
 public:
  void add(torch::nn::Linear layer, bool of_columns);
  /// The result of each layer, in the order in which they were added.
  std::vector<Tensor> operator()(const Tensor& matrix);

 private:
  Fan rows_, columns_;
  std::vector<bool> of_columns_;
};

/// dropout(softmax(q k^T / sqrt(d))) v of all heads, [n, heads d]; q [n, heads d], k and v
/// [m, heads d].
Tensor attend(const Tensor& q, const Tensor& k, const Tensor& v, std::int64_t heads,
              double dropout);

/// x (weight / sigma)^T + bias with sigma = u^T weight v, in whose gradient u and v are constants.
Tensor spectral_linear(const Tensor& x, const Tensor& weight, const Tensor& bias, const Tensor& u,
                       const Tensor& v);

}  // namespace ktb::mergenet
