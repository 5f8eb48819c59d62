#pragma once
#include "tasks/task_kind.hpp"

namespace ktb::tasks {

/// Acting in an environment. An evaluation adds the return of each episode as its prediction [E]
/// and, in y["random"] [E], what random actions brought in the same episodes.
class Control : public TaskKind {
 public:
  using TaskKind::TaskKind;
  /// return, its standard deviation return_sd, episodes; right is an episode above the random one.
  std::unique_ptr<Meter> meter(const Texts&) const override;
  /// chance: the mean of y["random"].
  Metrics floor(const Tensors& test_y, const Texts&) const override;
  std::string primary() const override { return "return"; }
};

/// Predictions are the values of the actions [B, A];
/// the value of y["action"] [B] int64 is to be y["td_target"] [B].
class QLearning final : public Control {
 public:
  using Control::Control;
  /// Huber loss.
  Tensor loss(const Tensor& prediction, const Batch& batch) const override;
  Tensor logits(const Tensor& prediction) const override { return prediction; }
};

/// Predictions are the policy's logits, then the state's value [B, A + 1]. Targets of proximal
/// policy optimisation (arXiv 1707.06347): action, log_prob when it was taken, advantage,
/// value_target [B], and weights [B, 3]: clip range, value weight, entropy weight.
class ActorCritic final : public Control {
 public:
  using Control::Control;
  Tensor loss(const Tensor& prediction, const Batch& batch) const override;
  Tensor logits(const Tensor& prediction) const override;
};

}  // namespace ktb::tasks
