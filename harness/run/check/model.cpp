#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/stack.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <cmath>

#include "run/check/case_options.hpp"
#include "run/check/check.hpp"
#include "run/check/formula.hpp"

namespace ktb::run {
namespace {

/// Numbers of the formula tensors that results are multiplied with.
constexpr std::uint32_t kFeatureDot = 2'000'000, kPreactDot = 2'000'100, kGradientDot = 3'000'001;

using Named = std::vector<std::pair<std::string, Tensor>>;
using Shape = std::vector<std::int64_t>;

TaskSpec task_of(const StoredCase& stored) {
  const auto size = stored.option<std::int64_t>("size");
  TaskSpec task;
  task.name = "case";
  task.kind = "classification";
  task.inputs = {{"image", {3, size, size}, "rgb", {}, {}}};
  task.outputs = stored.option<std::int64_t>("num_classes");
  task.labels = "case";
  task.categorical = true;
  return task;
}

/// The model's tensors in the order of the case's list: by name, or, where a name is unknown, one
/// by one in order of registration.
Named in_order(const core::Json& list, const Named& own, const std::string& what) {
  if (list.size() != own.size())
    throw Error("the model has " + std::to_string(own.size()) + " " + what + ", the original " +
                std::to_string(list.size()));
  const std::map<std::string, Tensor> by_name(own.begin(), own.end());
  const bool named = std::all_of(list.begin(), list.end(), [&](const core::Json& item) {
    return by_name.contains(item.at(0).get<std::string>());
  });
  Named ordered;
  for (std::size_t i = 0; i < own.size(); ++i) {
    const auto name = list[i].at(0).get<std::string>();
    ordered.emplace_back(name, named ? by_name.at(name) : own[i].second);
    if (ordered.back().second.sizes() != list[i].at(1).get<Shape>())
      throw Error(what + " " + (named ? name : own[i].first) + " has another shape than " + name +
                  " of the original, " + list[i].at(1).dump());
  }
  return ordered;
}

Named parameters_of(const StoredCase& stored, const Model& model) {
  Named own;
  for (const auto& item : model.named_parameters()) own.emplace_back(item.key(), item.value());
  return in_order(stored.metadata("parameters"), own, "parameters");
}

Named buffers_of(const StoredCase& stored, const Model& model) {
  Named own;
  for (const auto& item : model.named_buffers())
    if (!item.key().ends_with("num_batches_tracked")) own.emplace_back(item.key(), item.value());
  return in_order(stored.metadata("buffers"), own, "buffers");
}

void fill(const Named& parameters, const std::string& kinds, const Named& buffers) {
  const torch::NoGradGuard no_grad;
  std::uint32_t k = 0;
  const auto put = [&](const Tensor& tensor, double scale, double offset) {
    tensor.copy_(formula_tensor(++k, tensor.sizes().vec(), scale, offset));
  };
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const Tensor& tensor = parameters[i].second;
    if (kinds.at(i) == 'w') {
      const double fan_in =
          static_cast<double>(tensor.numel()) / static_cast<double>(tensor.size(0));
      put(tensor, std::sqrt(3.0 / fan_in), 0);
    } else {
      put(tensor, 0.1, kinds.at(i) == 'n' ? 1 : 0);
    }
  }
  for (const auto& [name, tensor] : buffers)
    name.ends_with("running_var") ? put(tensor, 0.2, 1) : put(tensor, 0.1, 0);
}

Tensor norms(const Named& tensors) {
  std::vector<Tensor> all;
  for (const auto& [name, tensor] : tensors) all.push_back(tensor.to(at::kDouble).norm());
  return at::stack(all);
}

void add_maps(Tensors& answers, const std::string& name, const std::vector<Tensor>& maps,
              std::uint32_t dot) {
  for (std::size_t k = 0; k < maps.size(); ++k) {
    if (!maps[k].defined()) continue;
    const auto place = "." + std::to_string(k);
    const Tensor wide = maps[k].detach().to(at::kDouble);
    answers["out." + name + "_stats" + place] = at::stack({wide.mean(), wide.std(false)});
    answers["out." + name + "_dot" + place] =
        formula_dot(maps[k], dot + static_cast<std::uint32_t>(k));
  }
}

void add_gradients(Tensors& answers, const Named& parameters) {
  Named gradients;
  std::vector<Tensor> dots;
  for (const auto& [name, tensor] : parameters) {
    if (!tensor.grad().defined()) throw Error("parameter " + name + " got no gradient");
    gradients.emplace_back(name, tensor.grad());
    const auto k = kGradientDot + static_cast<std::uint32_t>(dots.size());
    dots.push_back(formula_dot(tensor.grad(), k));
  }
  answers["out.grad_norms"] = norms(gradients);
  answers["out.grad_dots"] = at::stack(dots);
}

}  // namespace

Answers answer_model(Registry& registry, const StoredCase& stored) {
  const auto name = stored.method.substr(std::string("model_").size());
  if (!registry.knows("model", name)) return {};
  if (stored.options.contains("weights_sha256")) return answer_encoder(registry, stored);
  const auto task = task_of(stored);
  Options probe;
  registry.model(name, task, probe);
  Options options(case_options(stored, probe));
  const auto model = registry.model(name, task, options);
  const auto parameters = parameters_of(stored, *model);
  const auto buffers = buffers_of(stored, *model);
  fill(parameters, stored.file.metadata.at("kinds"), buffers);

  Tensors answers;
  std::vector<Tensor> sums;
  for (const auto& [key, tensor] : parameters)
    sums.push_back(tensor.detach().to(at::kDouble).sum());
  answers["in.check.parameter_sums"] = at::stack(sums);
  answers["in.check.hash_k1_first8"] = formula_tensor(1, {8});

  const bool train = stored.option<std::string>("mode") == "train";
  model->train(train);
  // Gradients are wanted in double: in float, the rounding of this machine's kernels puts some
  // values on the other side of a ReLU's kink than the original's.
  const auto type = train ? at::kDouble : at::kFloat;
  model->to(stored.device, type);
  auto shape = task.inputs[0].shape;
  shape.insert(shape.begin(), 2);
  Batch batch;
  batch.x["image"] =
      formula_tensor(stored.option<std::uint32_t>("input_k"), shape).to(stored.device, type);
  const auto output = (*model)(batch);
  answers["out.logits"] = output.pred;
  answers["out.pooled"] = output.pooled;
  add_maps(answers, "feature", output.features, kFeatureDot);
  add_maps(answers, "preact", output.preacts, kPreactDot);
  if (!train) return answers;

  const Tensor loss = at::cross_entropy_loss(output.pred, stored.input("labels"));
  loss.backward();
  answers["out.loss"] = loss;
  add_gradients(answers, parameters);
  if (!buffers.empty()) answers["out.buffer_norms_after"] = norms(buffers);
  return answers;
}

}  // namespace ktb::run
