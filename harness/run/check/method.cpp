#include <ATen/ops/arange.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>

#include "ktb/case.hpp"
#include "run/check/bench.hpp"
#include "run/check/case_options.hpp"
#include "run/check/check.hpp"
#include "tasks/task_kind.hpp"

namespace ktb::run {
namespace {

/// Later than any stage of a method that ends after some epochs.
constexpr std::int64_t kLate = std::int64_t{1} << 40;

/// A step whose outputs, labels and random numbers are the case's.
class StoredStep final : public Step {
 public:
  StoredStep(const StoredCase& stored, Bench& bench, const Task& task) : bench_(bench) {
    lane_.task = &task;
    if (const auto soft = stored.optional_input("soft_labels"); soft.defined())
      lane_.batch.y["soft_label"] = soft;
    if (const auto labels = stored.optional_input("labels"); labels.defined())
      lane_.batch.y["label"] = labels;
    lane_.batch.x["image"] = at::zeros({bench.batch_size(), 1}, stored.device);
    lane_.batch.index = stored.optional_input("index");
    const auto at = stored.optional_input("epoch");
    epoch = at.defined() ? at.to(at::kFloat) : at::zeros({}, stored.device);
    // Originals whose loss has no task in it belong to an initialisation stage.
    if (!lane_.batch.y.empty()) index = kLate;
  }

  /// The pass over the training split that a case stores as `in.relation.*`.
  void survey(Method& method, const StoredCase& stored) {
    if (!stored.has("in.relation.labels")) return;
    const at::NoGradGuard no_grad;
    const auto own = lane_.batch;
    lane_.batch.y["label"] = stored.input("relation.labels");
    lane_.batch.index = at::arange(lane_.labels().size(0), stored.device);
    outputs_[0].pred = stored.input("relation.source_logits");
    method.survey([this](const std::function<void(Step&)>& visit) { visit(*this); });
    outputs_.clear();
    lane_.batch = own;
  }

  const Output& run(Seat model, Seat) override {
    const auto made = outputs_.try_emplace(model);
    if (made.second) made.first->second = bench_.output(model);
    return made.first->second;
  }
  const Lane& lane(Seat) override { return lane_; }
  Tensor draw(const std::string& name, const std::function<Tensor()>& make) override {
    const auto stored = bench_.leaves().find(name);
    return stored == bench_.leaves().end() ? make() : stored->second;
  }
  Tensor seed(const std::string&) override {
    return at::zeros({}, epoch.options().dtype(at::kLong));
  }
  void update(const std::string& group) override { bench_.update(group); }

 private:
  Bench& bench_;
  Lane lane_;
  std::map<Seat, Output> outputs_;
};

/// What the method deploys, and no trace of having asked.
Tensor predict(Method& method, const Batch& batch) {
  const at::NoGradGuard no_grad;
  std::vector<Tensor> before;
  for (const auto& buffer : method.buffers()) before.push_back(buffer.clone());
  auto prediction = method.predict(batch);
  const auto after = method.buffers();
  for (std::size_t i = 0; i < after.size(); ++i) Tensor(after[i]).copy_(before[i]);
  return prediction;
}

/// Terms of the methods that the case puts beside its own, as a suite's `plus` does.
Terms plus_terms(Registry& registry, const StoredCase& stored, StoredStep& step) {
  Terms all;
  const auto plus = stored.option("plus", core::Json::object());
  for (const auto& [name, options] : plus.items()) {
    StoredCase part;
    part.method = name;
    part.options = options;
    part.tensors = stored.tensors;
    std::erase_if(part.tensors, [](const auto& item) {
      return item.first.starts_with("param.") || item.first.starts_with("buf.");
    });
    Bench bench(registry, name, part);
    bench.attach();
    for (auto& term : bench.method().losses(step))
      if (term.first != "task") all.push_back(std::move(term));
  }
  return all;
}

}  // namespace

Answers answer_method(Registry& registry, const StoredCase& stored) {
  Bench bench(registry, stored.method, stored);
  bench.attach();
  const auto task = tasks::make_task_kind(bench.task());
  StoredStep step(stored, bench, *task);

  step.survey(bench.method(), stored);
  Tensors answers;
  if (stored.has("out.logits"))
    answers["out.logits"] = predict(bench.method(), step.lane(kTarget).batch);
  Terms terms = bench.method().losses(step);
  for (auto& term : plus_terms(registry, stored, step)) terms.push_back(std::move(term));
  Tensor total = at::zeros({}, stored.device);
  for (const auto& [name, value] : terms) {
    const auto place = "out.term." + (name == "task" ? "ce" : name);
    answers[stored.has(place + "_weighted") ? place + "_weighted" : place] = value;
    total = total + value;
  }
  answers["out.loss"] = total;
  total.backward();
  bench.method().after(step);
  bench.collect(answers);
  return answers;
}

Answers answer_custom(Registry& registry, const StoredCase& stored) {
  for (const auto& name : registry.names("method")) {
    Options probe;
    const auto checks = registry.method(name, probe)->checks();
    if (std::find(checks.begin(), checks.end(), stored.method) == checks.end()) continue;

    Bench bench(registry, name, stored);
    Tensors foreign;
    if (bench.leaves().contains("target.weight"))
      bench.attach();
    else
      foreign = bench.load();
    Options options(plain_options(stored));
    Case given{stored.method, options, bench.leaves(), {}, [&](const std::string& group) {
                 bench.update(group);
               }};
    given.in.insert(foreign.begin(), foreign.end());
    bench.method().check(given);

    Tensors answers;
    for (const auto& [key, value] : given.out) answers["out." + key] = value;
    if (given.out.contains("loss")) given.out.at("loss").backward();
    bench.collect(answers);
    for (const auto& [key, tensor] : foreign)
      if (key.starts_with("param."))
        answers["grad." + key] = tensor.grad();
      else
        answers["buf.after." + key.substr(sizeof("buf.before.") - 1)] = tensor;
    return answers;
  }
  return {};
}

}  // namespace ktb::run
