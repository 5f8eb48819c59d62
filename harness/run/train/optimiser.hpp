#pragma once
#include <string>
#include <utility>
#include <vector>

#include "ktb/error.hpp"
#include "ktb/method.hpp"

namespace ktb::run {

/// One group of parameters with its state, updated by LibTorch's fused kernels. A parameter without
/// gradient is skipped whole: no decay, no momentum, no step count. All state is allocated at once,
/// so that a checkpoint is a list of live tensors. Equal to torch.optim's SGD, Adam and AdamW.
class Optimiser {
 public:
  /// `suite` serves where the group has no recipe of its own. Throws Error on an unknown optimiser.
  Optimiser(Group group, const Recipe& suite);

  /// Momentum of the first step is the plain gradient, without dampening, as torch has it.
  void step();
  void zero();
  /// Learning rate of the next steps: recipe's times group's scale times `factor`.
  void set_factor(double factor) { factor_ = factor; }
  /// Replaces the momentum (SGD) or the first beta (Adam): one_cycle moves it.
  void set_momentum(double momentum) { recipe_.momentum = recipe_.beta1 = momentum; }
  double lr() const { return recipe_.lr * group_.lr_scale * factor_; }
  /// The defined gradients, each in its parameter's memory layout, which the kernels rely on.
  std::vector<Tensor> gradients() const;

  const Group& group() const { return group_; }
  const Recipe& recipe() const { return recipe_; }
  std::vector<std::pair<std::string, Tensor>> state() const;

 private:
  struct Selection;
  Selection with_gradient() const;
  void step_sgd(Selection& chosen);
  void step_adam(Selection& chosen);

  Group group_;
  Recipe recipe_;
  double factor_ = 1;
  std::vector<Tensor> first_, second_, largest_, steps_;  // moments and step counts, by parameter
};

/// Scales gradients so that their common norm is at most `most`; 0: not at all. Without a round
/// trip to the host.
void clip(const std::vector<Tensor>& gradients, double most);

}  // namespace ktb::run
