#pragma once
#include "tasks/task_kind.hpp"

namespace ktb::tasks {

/// Numbers are predicted, [B, P] of P numbers an example, and judged by r2.
/// No example is right or wrong.
class SquaredError : public TaskKind {
 public:
  using TaskKind::TaskKind;
  /// Mean squared error over the numbers of each example, in fp32.
  Tensor loss(const Tensor& prediction, const Batch& batch) const final;
  /// chance: the mean of each number over the test split, which is r2 = 0.
  Metrics floor(const Tensors&, const Texts&) const final { return {{"chance", 0}}; }
  std::string primary() const final { return "r2"; }

 protected:
  /// [B, P].
  virtual Tensor wanted(const Batch& batch) const = 0;
};

}  // namespace ktb::tasks
