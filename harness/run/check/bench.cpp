#include "run/check/bench.hpp"

#include <ATen/ops/linear.h>
#include <ATen/ops/scalar_tensor.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <utility>

#include "ktb/nn/blocks.hpp"
#include "run/check/case_options.hpp"
#include "run/check/formula.hpp"
#include "run/train/session_builder.hpp"

namespace ktb::run {
namespace {

constexpr const char* kSite = "weight";
constexpr const char* kTargetHead = "head";
constexpr const char* kSourceHead = "source_classifier";

/// Puts out what the case has stored, whatever it reads, and holds the case's weights.
class StandIn final : public Model {
 public:
  StandIn(const TaskSpec& task, std::string head, Output output)
      : Model(task), head_(std::move(head)), output_(std::move(output)) {}

  void hold(const std::string& name, const Tensor& weight) {
    const auto dot = name.rfind('.');
    submodule(*this, dot == std::string::npos ? "" : name.substr(0, dot))
        .register_parameter(name.substr(dot + 1), weight, weight.requires_grad());
  }
  /// What its head makes of the target's features.
  void hold_head_output(const Tensor& output) { head_output_ = output; }

  std::string head_name() const override { return head_; }
  std::string gives() const override { return kSite; }
  std::string takes() const override { return kSite; }
  bool normalised_after(const std::string&) const override { return true; }
  std::vector<std::string> preact_norms() const override {
    std::vector<std::string> names;
    for (std::size_t k = 0; k < output_.features.size(); ++k)
      names.push_back(named_parameters().contains("bn." + std::to_string(k) + ".weight")
                          ? "bn." + std::to_string(k)
                          : "");
    return names;
  }

 protected:
  Output forward_trunk(const Batch&) override { return output_; }
  Tensor forward_head(const Output& output) override {
    if (head_output_.defined()) return head_output_;
    const auto parameters = named_parameters();
    const auto* weight = parameters.find(head_ + ".weight");
    if (!weight || !output.pooled.defined()) return output_.pred;
    return at::linear(output.pooled, *weight, parameters[head_ + ".bias"]);
  }

 private:
  std::string head_;
  Output output_;
  Tensor head_output_;
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
  const auto inputs = stored_.option("inputs", core::Json::object());
  for (const auto& [name, rule] : inputs.items()) {
    const auto leaf = leaf_name(name);
    leaves_[leaf] = formula_tensor(rule, leaf_shape(leaf, stored_.options)).to(stored_.device);
  }
  for (auto& [name, leaf] : leaves_)
    leaf.set_requires_grad(leaf.is_floating_point() &&
                           (!name.starts_with("source.") || differentiated(stored_, name)));
}

std::string Bench::party(Seat seat) const {
  if (seat == kTarget) return "target";
  const auto numbered = "source." + std::to_string(seat);
  const auto first = leaves_.lower_bound(numbered + ".");
  const bool several = first != leaves_.end() && first->first.starts_with(numbered + ".");
  return several ? numbered : "source";
}

Tensor Bench::leaf(const std::string& name) const {
  const auto found = leaves_.find(name);
  return found == leaves_.end() ? Tensor() : found->second;
}

Output Bench::output(Seat seat) const {
  const auto prefix = party(seat) + ".";
  Output out;
  out.pred = leaf(prefix + "logits");
  out.pooled = leaf(prefix + "pooled");
  for (const auto& [name, tensor] : leaves_) {
    if (!name.starts_with(prefix + "features.")) continue;
    const auto k = std::stoul(name.substr(name.rfind('.') + 1));
    out.features.resize(std::max(out.features.size(), k + 1));
    out.features[k] = tensor;
  }
  // A case that stores the pooled map of the last stage but one has no maps.
  if (const auto mid = leaf(prefix + "pooled_mid"); mid.defined()) out.features = {mid, Tensor()};
  return out;
}

Pairing::Party Bench::make_party(Seat seat, const std::string& label) const {
  const auto outputs = output(seat);
  Pairing::Party made;
  made.model.name = label;
  made.model.plugin = "stored";
  made.model.takes = made.model.gives = kSite;
  if (outputs.pooled.defined()) made.model.pooled = outputs.pooled.size(1);
  for (const auto& feature : outputs.features)
    made.model.features.push_back(without_batch(feature));
  auto& task = made.task;
  task.name = task.labels = "case";
  task.kind = "classification";
  task.inputs = {{"image", {1}, "stored", {}, {}}};
  task.categorical = true;
  const auto made_of = seat == kTarget ? Tensor() : leaf("target.source_head_logits");
  const auto logits = outputs.pred.defined() ? outputs.pred : made_of;
  task.outputs = logits.defined() ? logits.size(1) : 1;
  const auto labels = stored_.optional_input("labels");
  task.train_size = stored_.option("num_data", labels.defined() ? labels.size(0) : 1);
  made.model.reads = task.inputs;
  return made;
}

std::shared_ptr<Model> Bench::make_model(Seat seat, const Pairing::Party& made) {
  const bool target = seat == kTarget;
  const auto prefix = party(seat) + ".";
  auto model =
      std::make_shared<StandIn>(made.task, target ? kTargetHead : kSourceHead, output(seat));
  if (const auto site = leaf(prefix + kSite); site.defined()) model->hold(kSite, site);
  if (!target) model->hold_head_output(leaf("target.source_head_logits"));
  for (const auto& [name, tensor] : stored_.tensors) {
    if (target && (name.starts_with("param.backbone.") || name.starts_with("param.head.")))
      model->hold(name.substr(6), start_of(name).clone().set_requires_grad(true));
    if (!target && name.starts_with(std::string("param.") + kSourceHead + "."))
      model->hold(name.substr(6), tensor.clone());
    if (!target && name.starts_with("in." + prefix + "bn."))
      model->hold(name.substr(3 + prefix.size()), tensor.clone());
  }
  return model;
}

Tensor Bench::start_of(const std::string& parameter) const {
  const auto start = stored_.find("start." + parameter.substr(6));
  return start.defined() ? start : stored_.tensors.at(parameter);
}

std::size_t Bench::count_sources() const {
  auto count = static_cast<std::size_t>(method_->needs().least);
  for (const auto& [name, leaf] : leaves_) {
    if (!name.starts_with("source.")) continue;
    const auto number = name.substr(7, name.find('.', 7) - 7);
    const bool several = number.find_first_not_of("0123456789") == std::string::npos;
    count = std::max<std::size_t>(count, several ? std::stoul(number) + 1 : 1);
  }
  return count;
}

void Bench::make_transfer() {
  auto target = make_party(kTarget, "target");
  transfer_.pairing.task = target.task;
  seat_target({make_model(kTarget, target), target}, transfer_);
  for (std::size_t i = 0; i < count_sources(); ++i) {
    const auto seat = static_cast<Seat>(i);
    auto made = make_party(seat, "source");
    if (!made.model.pooled && made.task.outputs == 1) made.task.outputs = target.task.outputs;
    made.mode = method_->needs().modes.front();
    auto model = make_model(seat, made);
    made.model.preact_norms = model->preact_norms();
    seat_source({std::move(model), std::move(made)}, transfer_);
  }
  transfer_.labels = stored_.optional_input("labels");
  transfer_.budget = {batch_size(), 1};
}

std::int64_t Bench::batch_size() const {
  if (stored_.has("in.labels")) return stored_.input("labels").size(0);
  for (const auto& [name, tensor] : leaves_)
    if (name.starts_with("target.") && tensor.dim() > 0) return tensor.size(0);
  return 1;
}

void Bench::attach() {
  make_transfer();
  method_->bind(transfer_);
  method_->to(stored_.device);
  const auto foreign = load();
  if (!foreign.empty()) throw Error("the method has no " + foreign.begin()->first);
}

void Bench::load_formula() {
  auto state = state_of(*method_);
  const auto formula = stored_.option<core::Json>("formula");
  for (const auto& [name, rule] : formula.items()) {
    Tensor own = find_state(state, name);
    own.copy_(formula_tensor(rule, own.sizes().vec()));
  }
}

Tensors Bench::load() {
  const torch::NoGradGuard no_grad;
  const bool evaluates = stored_.option<std::string>("bn", "train") == "eval";
  method_->train(stored_.option("train", !evaluates));
  if (stored_.options.contains("formula")) load_formula();
  std::map<std::string, Tensor> state;
  const auto add = [&](const torch::nn::Module& module) {
    for (auto& [name, tensor] : state_of(module)) state.emplace(name, tensor);
  };
  add(*method_);
  for (const auto& model : transfer_.sources) add(*model);
  if (transfer_.target) add(*transfer_.target);

  Tensors foreign;
  for (const auto& [name, tensor] : stored_.tensors) {
    const bool parameter = name.starts_with("param.");
    const bool input = name.starts_with("in.");
    if (!parameter && !input && !name.starts_with("buf.before.")) continue;
    const auto own = state.find(name.substr(parameter ? 6 : input ? 3 : 11));
    if (own == state.end()) {
      if (!input) foreign[name] = tensor.clone().set_requires_grad(parameter);
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
    for (auto& group : method_->groups()) optimisers_.add(std::move(group), Recipe(), "target");
  for (auto& optimiser : optimisers_)
    if (const auto& schedule = optimiser.recipe().schedule) optimiser.set_factor(schedule(0));
  optimisers_.step_manual(name);
}

void Bench::collect(Tensors& answers) const {
  for (const auto& [name, leaf] : leaves_) answers["grad." + name] = leaf.grad();
  const auto add = [&](const torch::nn::Module& module) {
    for (const auto& item : module.named_parameters()) {
      answers["grad.param." + item.key()] = item.value().grad();
      answers["param_after." + item.key()] = item.value();
    }
  };
  if (transfer_.target) add(*transfer_.target);
  add(*method_);
  std::int64_t count = 0;
  for (const auto& item : method_->named_parameters()) {
    count += item.value().numel();
    const auto& gradient = item.value().grad();
    // Weights of another stage are no fault as long as they do not learn here.
    if (!stored_.options.contains("formula") && !stored_.has("param." + item.key()) &&
        gradient.defined() && gradient.abs().max().item<double>() > 0)
      throw Error("the method learns " + item.key() + ", which the case does not have");
  }
  for (const auto& item : method_->named_buffers())
    answers["buf.after." + item.key()] = item.value();
  for (const auto& [name, tensor] : method_->notes()) answers["out." + name] = tensor;
  answers["out.parameter_count"] = at::scalar_tensor(count, at::kLong);
  answers["in.check.hash_k1_first8"] = formula_tensor(1, {8});
}

}  // namespace ktb::run
