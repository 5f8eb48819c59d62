#pragma once
#include <torch/nn/modules/linear.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "run/plugins/loader.hpp"
#include "tasks/task_kind.hpp"

namespace ktb::run {

inline constexpr std::int64_t kInputs = 6, kMaps = 3;

inline TaskSpec tiny_task(std::int64_t outputs = 5) {
  TaskSpec task;
  task.name = "tiny", task.kind = "classification", task.outputs = outputs, task.labels = "tiny";
  task.inputs = {{"image", {kInputs}, "tiny", {}, {}}};
  task.categorical = true;
  return task;
}

/// One hidden layer, whose outputs also serve as 2x2 feature maps.
class Tiny final : public Model {
 public:
  Tiny(const TaskSpec& task, std::int64_t width) : Model(task), width(width) {
    hidden = register_module("hidden", torch::nn::Linear(kInputs, width));
    fc = register_module("fc", torch::nn::Linear(width, task.outputs));
  }
  std::string head_name() const override { return "fc"; }
  std::string takes() const override { return "hidden.weight"; }

  std::int64_t width;
  torch::nn::Linear hidden{nullptr}, fc{nullptr};

 protected:
  Output forward_trunk(const Batch& batch) override {
    Output out;
    out.pooled = hidden(batch.x.at("image")).relu();
    out.features.assign(kMaps, out.pooled.view({-1, width / 4, 2, 2}));
    return out;
  }
  Tensor forward_head(const Output& output) override { return fc(output.pooled); }
};

/// A target and a source, one fixed batch, and plain SGD: a trial small enough to reason about.
class Rig final : public Step {
 public:
  std::shared_ptr<Tiny> target, source;
  std::shared_ptr<Method> method;
  std::function<void()> on_update = [] {};  ///< what Step::update does
  double lr = 0.1;
  std::string from = "fc.weight";  ///< where knowledge leaves the source

  explicit Rig(std::int64_t width = 8, std::int64_t source_width = 12, std::int64_t batch = 4)
      : kind_(tasks::make_task_kind(tiny_task())) {
    torch::manual_seed(1);
    target = std::make_shared<Tiny>(tiny_task(), width);
    source = std::make_shared<Tiny>(tiny_task(), source_width);
    epoch = torch::tensor(30.0F);
    lane_.task = kind_.get();
    lane_.batch.x["image"] = torch::randn({batch, kInputs});
    lane_.batch.y["label"] = torch::arange(batch).remainder(5);
  }

  Pairing pairing(Mode mode) const {
    Pairing out;
    out.task = tiny_task();
    out.target = party(*target, "target", mode);
    out.sources = {party(*source, "source", mode)};
    return out;
  }

  void take(const std::string& name, std::map<std::string, Value> given,
            std::optional<Mode> mode = {}) {
    static Registry registry({KTB_PLUGIN_DIR});
    Options options(std::move(given));
    method = registry.method(name, options);
    const auto used = mode.value_or(method->needs().modes.front());
    const bool joint = used == Mode::kFreshJoint || used == Mode::kTrainedJoint;
    for (auto& parameter : source->parameters()) parameter.set_requires_grad(joint);
    Transfer transfer{pairing(used), target, {source}, {target->takes()}, {{from}}, {}, {}};
    torch::manual_seed(2);
    method->bind(transfer);
    method->train();
  }

  Terms losses() {
    outputs_.clear();
    return method->losses(*this);
  }
  /// One step in the harness' order; returns the summed loss.
  double step() {
    method->before(*this);
    Tensor total;
    for (const auto& [name, value] : losses()) total = total.defined() ? total + value : value;
    for (const auto& model : {target, source}) model->zero_grad();
    total.backward();
    {
      const torch::NoGradGuard no_grad;
      for (const auto& model : {target, source})
        for (auto& parameter : model->parameters())
          if (parameter.grad().defined()) parameter.sub_(lr * parameter.grad());
    }
    method->after(*this);
    ++index;
    return total.item<double>();
  }
  double term(const std::string& wanted) {
    for (const auto& [name, value] : losses())
      if (name == wanted) return value.item<double>();
    throw std::out_of_range(wanted);
  }

  const Output& run(Seat model, Seat) override {
    auto& output = outputs_[model];
    if (!output.pred.defined()) output = (model == kTarget ? *target : *source)(lane_.batch);
    return output;
  }
  const Lane& lane(Seat) override { return lane_; }
  Tensor draw(const std::string&, const std::function<Tensor()>& make) override { return make(); }
  void update(const std::string&) override { on_update(); }

 private:
  static Pairing::Party party(const Tiny& model, const std::string& name, Mode mode) {
    ModelCard card;
    card.name = card.plugin = name;
    card.reads = model.reads();
    card.features.assign(kMaps, {model.width / 4, 2, 2});
    card.pooled = model.width;
    for (const auto& parameter : model.parameters()) card.parameters += parameter.numel();
    return {model.task(), card, mode};
  }

  std::unique_ptr<tasks::TaskKind> kind_;
  Lane lane_;
  std::map<Seat, Output> outputs_;
};

}  // namespace ktb::run
