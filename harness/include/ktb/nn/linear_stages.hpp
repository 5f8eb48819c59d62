#pragma once
#include <torch/nn/modules/linear.h>

#include <string>
#include <vector>

#include "ktb/model.hpp"

namespace ktb {

/// Linear layers, each with an activation behind it, on inputs that are read as one vector.
class KTB_API LinearStages {
 public:
  /// Registers them as `at`0, `at`1 and so on; inputs are [B, shape...].
  LinearStages(torch::nn::Module& root, const std::string& at,
               const std::vector<std::int64_t>& shape, const std::vector<std::int64_t>& widths);
  /// Each layer before and after its activation; the last is pooled. Without `tanh`: ReLU.
  Output operator()(const Tensor& x, bool tanh = false) const;

  const std::string& last_matrix() const { return last_matrix_; }
  std::int64_t width() const { return width_; }  ///< of the last layer

 private:
  std::vector<torch::nn::Linear> layers_;
  std::string last_matrix_;
  std::int64_t width_ = 1;
};

}  // namespace ktb
