#pragma once
#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include <functional>
#include <vector>

#include "ktb/task.hpp"

namespace ktb::knowledge_flow {

/// What tensors held a step ago.
class PastImpl : public torch::nn::Module {
 public:
  /// Keeps a copy of each of them.
  explicit PastImpl(std::vector<Tensor> live);
  /// What `compute` gives, without gradient, while the tensors hold their past. Then what they hold
  /// now is the past of the next call.
  Tensor relive(const std::function<Tensor()>& compute);

 private:
  void trade();

  std::vector<Tensor> live_, past_;
};
TORCH_MODULE(Past);

}  // namespace ktb::knowledge_flow
