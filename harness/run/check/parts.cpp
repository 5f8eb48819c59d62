// Reference cases that parts of the harness answer themselves.
#include <ATen/ops/stack.h>
#include <torch/types.h>

#include <algorithm>
#include <array>

#include "core/suite/schedule.hpp"
#include "run/check/check.hpp"
#include "run/train/optimiser.hpp"
#include "tasks/metrics.hpp"

namespace ktb::run {
namespace {

/// torch.optim's words: Adam's weight decay is 0 by default and AdamW's 0.01.
Recipe recipe_from(const StoredCase& stored) {
  const auto name = stored.option<std::string>("optimiser");
  Recipe recipe;
  if (name == "SGD")
    recipe.optimizer = "sgd";
  else if (name == "Adam")
    recipe.optimizer = "adam";
  else if (name == "AdamW")
    recipe.optimizer = "adamw";
  else
    throw Error("optimiser " + name + " is none of SGD, Adam, AdamW");
  recipe.lr = stored.option<double>("lr");
  recipe.momentum = stored.option("momentum", 0.0);
  recipe.dampening = stored.option("dampening", 0.0);
  recipe.nesterov = stored.option("nesterov", false);
  recipe.amsgrad = stored.option("amsgrad", false);
  recipe.weight_decay = stored.option("weight_decay", name == "AdamW" ? 0.01 : 0.0);
  recipe.eps = stored.option("eps", 1e-8);
  const auto betas = stored.option("betas", std::array{0.9, 0.999});
  recipe.beta1 = betas[0];
  recipe.beta2 = betas[1];
  return recipe;
}

}  // namespace

Answers answer_metric(const StoredCase& stored) {
  Tensors in, answers;
  for (const auto& [name, tensor] : stored.tensors)
    if (name.starts_with("in.")) in[name.substr(3)] = tensor;
  for (const auto& [name, value] :
       tasks::classification_metrics(stored.option<std::string>("kind"), in))
    answers["out." + name] = value;
  return answers;
}

Answers answer_schedule(const StoredCase& stored) {
  Tensors answers;
  answers["out.lr"] = torch::tensor(core::schedule_trace(stored.options), at::kDouble);
  if (stored.has("out.momentum"))
    answers["out.momentum"] =
        torch::tensor(core::schedule_momentum_trace(stored.options), at::kDouble);
  return answers;
}

Answers answer_optimiser(const StoredCase& stored) {
  const auto recipe = recipe_from(stored);
  const auto skipped = stored.option("no_gradient_steps", std::vector<std::int64_t>{});
  Tensor parameter = stored.input("param").clone().set_requires_grad(true);
  const Tensor gradients = stored.input("grads"), rates = stored.optional_input("lr");
  Group group;
  group.name = "case";
  group.parameters = {parameter};
  Optimiser optimiser(group, recipe);

  std::vector<Tensor> path;
  for (std::int64_t i = 0; i < gradients.size(0); ++i) {
    const bool skip = std::find(skipped.begin(), skipped.end(), i) != skipped.end();
    parameter.mutable_grad() = skip ? Tensor() : gradients[i].clone();
    if (rates.defined()) optimiser.set_factor(rates[i].item<double>() / recipe.lr);
    optimiser.step();
    path.push_back(parameter.detach().clone());
  }
  return Tensors{{"out.param", at::stack(path)}};
}

}  // namespace ktb::run
