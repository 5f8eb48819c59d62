#include "run/train/optimiser.hpp"

#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/_foreach_mul.h>
#include <ATen/ops/_foreach_norm.h>
#include <ATen/ops/_fused_adam.h>
#include <ATen/ops/_fused_adamw.h>
#include <ATen/ops/_fused_sgd.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <torch/types.h>
#include <torch/utils.h>

namespace ktb::run {

/// What takes part in one step, as the lists that the kernels want.
struct Optimiser::Selection {
  std::vector<Tensor> parameters, gradients, first, second, largest, steps;
};

Optimiser::Optimiser(Group group, const Recipe& suite)
    : group_(std::move(group)), recipe_(group_.recipe.value_or(suite)) {
  const auto& name = recipe_.optimizer;
  if (name != "sgd" && name != "adam" && name != "adamw")
    throw Error("optimiser `" + name + "` is none of sgd, adam, adamw");
  for (const auto& parameter : group_.parameters) {
    first_.push_back(at::zeros_like(parameter));
    if (name != "sgd") second_.push_back(at::zeros_like(parameter));
    if (recipe_.amsgrad) largest_.push_back(at::zeros_like(parameter));
    steps_.push_back(at::zeros({}, parameter.options().dtype(at::kFloat)));
  }
}

std::vector<Tensor> Optimiser::gradients() const {
  std::vector<Tensor> out;
  for (const auto& parameter : group_.parameters) {
    auto& gradient = parameter.mutable_grad();
    if (!gradient.defined()) continue;
    if (gradient.strides() != parameter.strides())
      gradient = at::zeros_like(parameter).copy_(gradient);
    out.push_back(gradient);
  }
  return out;
}

Optimiser::Selection Optimiser::with_gradient() const {
  Selection chosen;
  chosen.gradients = gradients();
  for (std::size_t i = 0; i < group_.parameters.size(); ++i) {
    if (!group_.parameters[i].grad().defined()) continue;
    chosen.parameters.push_back(group_.parameters[i]);
    chosen.first.push_back(first_[i]);
    chosen.steps.push_back(steps_[i]);
    if (!second_.empty()) chosen.second.push_back(second_[i]);
    if (!largest_.empty()) chosen.largest.push_back(largest_[i]);
  }
  return chosen;
}

void Optimiser::step() {
  const torch::NoGradGuard no_grad;
  auto chosen = with_gradient();
  if (chosen.parameters.empty()) return;
  recipe_.optimizer == "sgd" ? step_sgd(chosen) : step_adam(chosen);
}

void Optimiser::step_sgd(Selection& chosen) {
  const double decay = group_.weight_decay.value_or(recipe_.weight_decay);
  const auto update = [&](const Selection& part, bool first) {
    if (part.parameters.empty()) return;
    // Without momentum the kernel takes no buffers.
    const auto buffers = recipe_.momentum == 0 ? std::vector<Tensor>{} : part.first;
    at::_fused_sgd_(part.parameters, part.gradients, buffers, decay, recipe_.momentum, lr(),
                    recipe_.dampening, recipe_.nesterov, false, first);
  };
  // A momentum of zeros is as good as none, except that the first step is to have no dampening.
  if (recipe_.dampening == 0) return update(chosen, false);
  Selection fresh, seasoned;
  for (std::size_t i = 0; i < chosen.parameters.size(); ++i) {
    auto& part = chosen.steps[i].item<float>() == 0 ? fresh : seasoned;
    part.parameters.push_back(chosen.parameters[i]);
    part.gradients.push_back(chosen.gradients[i]);
    part.first.push_back(chosen.first[i]);
    chosen.steps[i].add_(1);
  }
  update(fresh, true);
  update(seasoned, false);
}

void Optimiser::step_adam(Selection& chosen) {
  const double decay = group_.weight_decay.value_or(recipe_.weight_decay);
  at::_foreach_add_(chosen.steps, 1);
  const auto update = [&](auto kernel) {
    kernel(chosen.parameters, chosen.gradients, chosen.first, chosen.second, chosen.largest,
           chosen.steps, lr(), recipe_.beta1, recipe_.beta2, decay, recipe_.eps, recipe_.amsgrad,
           false);
  };
  if (recipe_.optimizer == "adam")
    update([](auto&&... x) { at::_fused_adam_(x...); });
  else
    update([](auto&&... x) { at::_fused_adamw_(x...); });
}

void Optimiser::zero() {
  for (const auto& parameter : group_.parameters) parameter.mutable_grad().reset();
}

std::vector<std::pair<std::string, Tensor>> Optimiser::state() const {
  std::vector<std::pair<std::string, Tensor>> out;
  const auto add = [&](const std::string& name, const std::vector<Tensor>& list) {
    for (std::size_t i = 0; i < list.size(); ++i)
      out.emplace_back(group_.name + "." + name + "." + std::to_string(i), list[i]);
  };
  add("first", first_);
  add("second", second_);
  add("largest", largest_);
  add("steps", steps_);
  return out;
}

void clip(const std::vector<Tensor>& gradients, double most) {
  if (most <= 0 || gradients.empty()) return;
  const torch::NoGradGuard no_grad;
  const auto norm = at::stack(at::_foreach_norm(gradients)).norm();
  at::_foreach_mul_(gradients, (most / (norm + 1e-6)).clamp_max(1));
}

}  // namespace ktb::run
