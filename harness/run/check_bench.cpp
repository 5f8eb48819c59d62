#include "run/check_bench.hpp"

#include <ATen/ops/scalar_tensor.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <utility>

#include "run/check_options.hpp"
#include "run/formula.hpp"

namespace ktb::run {
namespace {

constexpr const char* kSite = "weight";

/// Has the case's weight as its only parameter, and no network behind it.
class StandIn final : public Model {
 public:
  StandIn(const TaskSpec& task, const Tensor& weight) : Model(task) {
    if (weight.defined()) register_parameter(kSite, weight, weight.requires_grad());
  }
  std::string head_name() const override { return "head"; }
  std::string gives() const override { return kSite; }
  std::string takes() const override { return kSite; }
  bool normalised_after(const std::string&) const override { return true; }

 protected:
  Output forward_trunk(const Batch&) override { throw no_network(); }
  Tensor forward_head(const Output&) override { throw no_network(); }

 private:
  static Error no_network() {
    return Error("the method runs a model, and a stored case has only what models put out");
  }
};

/// `target_weight` of a formula case's inputs is the leaf `target.weight`.
std::string leaf_name(std::string input) {
  if (const auto place = input.find('_'); place != std::string::npos) input[place] = '.';
  return input;
}

std::vector<std::int64_t> leaf_shape(const std::string& leaf, const core::Json& options) {
  const auto extent = [&](const char* name) { return options.at(name).get<std::int64_t>(); };
  if (leaf.starts_with("source")) return {extent("p"), extent("q")};
  return {extent("m"), extent("n"), 1, 1};
}

/// By its name, or by the end of it: formula cases leave the first part out.
Tensor find_state(const std::vector<std::pair<std::string, Tensor>>& state,
                  const std::string& name) {
  for (const auto& [known, tensor] : state)
    if (known == name || known.ends_with("." + name)) return tensor;
  throw Error("the method has no parameter or buffer \"" + name + "\"");
}

/// A source is frozen unless the case says how its side is to be differentiated.
bool differentiated(const StoredCase& stored, const std::string& leaf) {
  return std::any_of(stored.tensors.begin(), stored.tensors.end(),
                     [&](const auto& item) { return item.first.starts_with("grad." + leaf); });
}

std::vector<std::int64_t> without_batch(const Tensor& tensor) {
  return tensor.defined() ? tensor.sizes().slice(1).vec() : std::vector<std::int64_t>{};
}

}  // namespace

Bench::Bench(Registry& registry, const std::string& name, const StoredCase& stored)
    : stored_(stored) {
  Options probe;
  registry.method(name, probe);
  Options options(case_options(stored, probe));
  method_ = registry.method(name, options);
  make_leaves();
}

void Bench::make_leaves() {
  for (const auto& [name, tensor] : stored_.tensors) {
    if (!name.starts_with("in.") || name.starts_with("in.check.")) continue;
    leaves_[name.substr(3)] = tensor.clone();
  }
  const auto inputs = stored_.options.value("inputs", core::Json::object());
  for (const auto& [name, rule] : inputs.items()) {
    const auto leaf = leaf_name(name);
    leaves_[leaf] = formula_tensor(rule, leaf_shape(leaf, stored_.options));
  }
  for (auto& [name, leaf] : leaves_)
    leaf.set_requires_grad(leaf.is_floating_point() &&
                           (!name.starts_with("source.") || differentiated(stored_, name)));
}

std::string Bench::party(Seat seat) const {
  if (stored_.has("in.peer.0.logits")) return "peer." + std::to_string(seat + 1);
  return seat == kTarget ? "target" : "source";
}

Pairing::Party Bench::make_party(Seat seat, const std::string& label) const {
  const auto prefix = party(seat) + ".";
  const auto find = [&](const std::string& name) { return stored_.find("in." + prefix + name); };
  Pairing::Party made;
  made.model.name = label;
  made.model.plugin = "stored";
  made.model.takes = made.model.gives = kSite;
  if (const auto pooled = find("pooled"); pooled.defined()) made.model.pooled = pooled.size(1);
  for (const auto& [name, leaf] : leaves_) {
    if (!name.starts_with(prefix + "features.")) continue;
    const auto k = std::stoul(name.substr(name.rfind('.') + 1));
    made.model.features.resize(std::max(made.model.features.size(), k + 1));
    made.model.features[k] = without_batch(leaf);
  }
  auto& task = made.task;
  task.name = task.labels = "case";
  task.kind = "classification";
  task.inputs = {{"image", {1}, "stored", {}, {}}};
  task.categorical = true;
  const auto logits = find("logits");
  task.outputs = logits.defined() ? logits.size(1) : 1;
  const auto labels = stored_.find("in.labels");
  task.train_size = stored_.options.value("num_data", labels.defined() ? labels.size(0) : 1);
  made.model.reads = task.inputs;
  return made;
}

void Bench::make_transfer() {
  const auto needs = method_->needs();
  std::size_t sources = static_cast<std::size_t>(needs.least);
  for (const auto& [name, leaf] : leaves_)
    if (name.starts_with("source.")) sources = std::max<std::size_t>(sources, 1);
  while (stored_.has("in.peer." + std::to_string(sources + 1) + ".logits")) ++sources;

  transfer_.pairing.target = make_party(kTarget, "target");
  transfer_.pairing.task = transfer_.pairing.target->task;
  transfer_.target = std::make_shared<StandIn>(
      transfer_.pairing.task,
      leaves_.contains("target.weight") ? leaves_["target.weight"] : Tensor());
  transfer_.into = {kSite};
  for (std::size_t i = 0; i < sources; ++i) {
    auto party = make_party(static_cast<Seat>(i), "source");
    if (!party.model.pooled && party.task.outputs == 1)
      party.task.outputs = transfer_.pairing.task.outputs;
    party.mode = needs.modes.front();
    transfer_.sources.push_back(std::make_shared<StandIn>(
        party.task, leaves_.contains("source.weight") ? leaves_["source.weight"] : Tensor()));
    transfer_.from.push_back({kSite});
    transfer_.pairing.sources.push_back(std::move(party));
  }
  if (stored_.has("in.labels")) transfer_.labels = stored_.tensors.at("in.labels");
}

void Bench::attach() {
  make_transfer();
  method_->bind(transfer_);
  const auto foreign = load();
  if (!foreign.empty()) throw Error("the method has no " + foreign.begin()->first);
  if (stored_.options.contains("formula")) return;
  for (const auto& item : method_->named_parameters())
    if (!stored_.has("param." + item.key()))
      throw Error("the method learns " + item.key() + ", which the case does not have");
}

void Bench::load_formula() {
  auto state = state_of(*method_);
  for (const auto& [name, rule] : stored_.options.at("formula").items()) {
    Tensor own = find_state(state, name);
    own.copy_(formula_tensor(rule, own.sizes().vec()));
  }
}

Tensors Bench::load() {
  const torch::NoGradGuard no_grad;
  const bool train = stored_.options.value("train", true);
  method_->train(train);
  if (stored_.options.contains("formula")) load_formula();
  const auto list = state_of(*method_);
  const std::map<std::string, Tensor> state(list.begin(), list.end());
  Tensors foreign;
  for (const auto& [name, tensor] : stored_.tensors) {
    const bool parameter = name.starts_with("param.");
    if (!parameter && !name.starts_with("buf.before.")) continue;
    const auto own = state.find(name.substr(parameter ? 6 : 11));
    if (own == state.end()) {
      foreign[name] = tensor.clone().set_requires_grad(parameter);
      continue;
    }
    if (own->second.sizes() != tensor.sizes())
      throw Error("the method's " + own->first + " has another shape than the case's");
    Tensor(own->second).copy_(tensor);
  }
  return foreign;
}

void Bench::update(const std::string& name) {
  if (optimisers_.empty())
    for (auto& group : method_->groups()) optimisers_.emplace_back(std::move(group), Recipe());
  std::vector<Optimiser*> chosen;
  std::vector<Tensor> gradients;
  for (auto& optimiser : optimisers_) {
    if (optimiser.group().name != name) continue;
    chosen.push_back(&optimiser);
    for (auto& gradient : optimiser.gradients()) gradients.push_back(gradient);
  }
  if (chosen.empty())
    throw Error("the method updates group \"" + name + "\", which it does not have");
  clip(gradients, chosen.front()->recipe().clip);
  for (auto* optimiser : chosen) {
    const auto& schedule = optimiser->recipe().schedule;
    optimiser->set_factor(schedule ? schedule(0) : 1);
    optimiser->step();
  }
}

void Bench::collect(Tensors& answers) const {
  for (const auto& [name, leaf] : leaves_) answers["grad." + name] = leaf.grad();
  std::int64_t count = 0;
  for (const auto& item : method_->named_parameters()) {
    answers["grad.param." + item.key()] = item.value().grad();
    answers["param_after." + item.key()] = item.value();
    count += item.value().numel();
  }
  for (const auto& item : method_->named_buffers())
    answers["buf.after." + item.key()] = item.value();
  answers["out.parameter_count"] = at::scalar_tensor(count, at::kLong);
  answers["in.check.hash_k1_first8"] = formula_tensor(1, {8});
}

}  // namespace ktb::run
