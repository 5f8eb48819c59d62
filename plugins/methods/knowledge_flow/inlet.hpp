#pragma once
#include <torch/nn/module.h>
#include <torch/nn/modules/container/modulelist.h>
#include <torch/nn/pimpl.h>

#include <cstdint>
#include <vector>

#include "ktb/task.hpp"

namespace ktb::knowledge_flow {

/// Of one example: a map [c, h, w], tokens [n, d] or a vector [d].
using Shape = std::vector<std::int64_t>;

/// Where layers of the teachers flow into one of the student: it is mixed with theirs, each of
/// which passes a transform of its own, by weights that sum to 1. A map that meets a map keeps its
/// places, by a 1x1 convolution at the student's height and width; all else is averaged to vectors.
class InletImpl : public torch::nn::Module {
 public:
  /// The student's weight starts at the share `start`, those of the teachers at equal parts of
  /// what is left.
  InletImpl(const Shape& own, const std::vector<Shape>& teachers, double start);
  Tensor forward(const Tensor& own, const std::vector<Tensor>& teachers);
  /// [1 + teachers]: logarithms of the weights, the student's own first.
  Tensor log_weights() const { return logits_.log_softmax(0); }
  const Tensor& logits() const { return logits_; }

 private:
  Tensor logits_;
  torch::nn::ModuleList transforms_;
};
TORCH_MODULE(Inlet);

}  // namespace ktb::knowledge_flow
