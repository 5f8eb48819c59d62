#include <torch/types.h>

#include <algorithm>

#include "ktb/case.hpp"
#include "run/check.hpp"
#include "run/check_bench.hpp"
#include "run/check_options.hpp"
#include "tasks/task_kind.hpp"

namespace ktb::run {
namespace {

/// A step whose outputs, labels and random numbers are the case's.
class StoredStep final : public Step {
 public:
  StoredStep(const StoredCase& stored, Bench& bench, const Task& task) : bench_(bench) {
    lane_.task = &task;
    lane_.batch.y["label"] = stored.find("in.labels");
    lane_.batch.x["image"] = at::zeros({lane_.labels().size(0), 1});
    lane_.batch.index = stored.find("in.index");
    const auto at = stored.find("in.epoch");
    epoch = at.defined() ? at.to(at::kFloat) : at::zeros({});
  }

  const Output& run(Seat model, Seat) override {
    const auto made = outputs_.try_emplace(model);
    if (made.second) fill(made.first->second, bench_.party(model) + ".");
    return made.first->second;
  }
  const Lane& lane(Seat) override { return lane_; }
  Tensor draw(const std::string& name, const std::function<Tensor()>& make) override {
    const auto stored = leaf(name);
    return stored.defined() ? stored : make();
  }
  void update(const std::string& group) override { bench_.update(group); }

 private:
  Tensor leaf(const std::string& name) const {
    const auto found = bench_.leaves().find(name);
    return found == bench_.leaves().end() ? Tensor() : found->second;
  }
  std::vector<Tensor> maps(const std::string& prefix) const {
    std::vector<Tensor> all;
    for (const auto& [name, tensor] : bench_.leaves()) {
      if (!name.starts_with(prefix)) continue;
      const auto k = std::stoul(name.substr(prefix.size()));
      all.resize(std::max(all.size(), k + 1));
      all[k] = tensor;
    }
    return all;
  }
  void fill(Output& output, const std::string& prefix) const {
    output.pred = leaf(prefix + "logits");
    output.pooled = leaf(prefix + "pooled");
    output.features = maps(prefix + "features.");
    output.preacts = maps(prefix + "preacts.");
  }

  Bench& bench_;
  Lane lane_;
  std::map<Seat, Output> outputs_;
};

/// "X + KD" of a case is the method and plugin `kd` side by side, as a suite's `plus` has it.
Terms add_kd(Registry& registry, const StoredCase& stored, StoredStep& step) {
  StoredCase part;
  part.method = "kd";
  part.tensors = stored.tensors;
  part.options = {{"ce_weight", 0.0},
                  {"kd_weight", stored.options.at("kd_weight")},
                  {"temperature", stored.options.at("temperature")}};
  std::erase_if(part.tensors, [](const auto& item) {
    return item.first.starts_with("param.") || item.first.starts_with("buf.");
  });
  Bench bench(registry, "kd", part);
  bench.attach();
  Terms terms = bench.method().losses(step);
  std::erase_if(terms, [](const auto& term) { return term.first == "task"; });
  return terms;
}

bool wants_kd(const StoredCase& stored, const std::map<std::string, Value>& taken) {
  return stored.has("out.term.kd_weighted") && stored.options.contains("kd_weight") &&
         stored.method != "kd" && !taken.contains("kd_weight");
}

}  // namespace

Answers answer_method(Registry& registry, const StoredCase& stored) {
  Options probe;
  registry.method(stored.method, probe);
  Bench bench(registry, stored.method, stored);
  bench.attach();
  const auto task = tasks::make_kind(bench.task());
  StoredStep step(stored, bench, *task);

  Terms terms = bench.method().losses(step);
  if (wants_kd(stored, case_options(stored, probe)))
    for (auto& term : add_kd(registry, stored, step)) terms.push_back(std::move(term));
  Tensors answers;
  Tensor total = at::zeros({});
  for (const auto& [name, value] : terms) {
    answers["out.term." + (name == "task" ? "ce" : name) + "_weighted"] = value;
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
    for (const auto& [key, tensor] : foreign) answers["grad." + key] = tensor.grad();
    return answers;
  }
  return {};
}

}  // namespace ktb::run
