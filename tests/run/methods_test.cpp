// What methods must do whatever their formulas are; the formulas themselves are held against stored
// tensors by `ktbench plugin check`.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/nn/modules/linear.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "ktb/layers.hpp"
#include "run/loader.hpp"
#include "run/optimiser.hpp"
#include "tasks/task_kind.hpp"

namespace ktb::run {
namespace {

constexpr std::int64_t kInputs = 6, kMaps = 3;

TaskSpec tiny_task(std::int64_t outputs = 5) {
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
      : kind_(tasks::make_kind(tiny_task())) {
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

  std::unique_ptr<tasks::Kind> kind_;
  Lane lane_;
  std::map<Seat, Output> outputs_;
};

std::vector<Tensor> trained(const std::string& name, std::map<std::string, Value> options) {
  Rig rig;
  rig.take(name, std::move(options));
  for (int i = 0; i < 3; ++i) rig.step();
  return rig.target->parameters();
}

TEST(Methods, WithoutWeightEqualScratch) {
  const auto plain = trained("scratch", {});
  const std::map<std::string, std::map<std::string, Value>> cases = {
      {"kd", {{"ce_weight", 1.0}, {"kd_weight", 0.0}}},
      {"dkd", {{"alpha", 0.0}, {"beta", 0.0}}},
      {"fitnet", {{"hint_weight", 0.0}}},
      {"rkd", {{"rkd_weight", 0.0}}},
      {"finetune", {}}};
  for (const auto& [name, options] : cases) {
    const auto weights = trained(name, options);
    for (std::size_t i = 0; i < plain.size(); ++i)
      EXPECT_TRUE(at::equal(weights[i], plain[i])) << name << ", parameter " << i;
  }
}

TEST(Methods, WithWeightDifferFromScratch) {
  const auto plain = trained("scratch", {});
  for (const auto* name : {"kd", "dkd", "fitnet", "rkd", "share", "mergenet"})
    EXPECT_FALSE(at::equal(trained(name, {})[0], plain[0])) << name;
}

TEST(Methods, NothingIsToBeLearntFromOneself) {
  Rig rig;
  rig.source = rig.target;
  for (const auto& [name, terms] : std::map<std::string, std::vector<std::string>>{
           {"kd", {"kd"}}, {"dkd", {"tckd", "nckd"}}, {"rkd", {"distance", "angle"}}}) {
    rig.take(name, {});
    for (const auto& term : terms) EXPECT_NEAR(rig.term(term), 0, 1e-5) << name << ": " << term;
  }
}

TEST(Methods, OneAndTwoExamplesAreEnough) {
  for (const std::int64_t batch : {1, 2})
    for (const auto* name : {"kd", "dkd", "rkd", "fitnet"}) {
      Rig rig(8, 12, batch);
      rig.take(name, {});
      EXPECT_TRUE(std::isfinite(rig.step())) << name << " with " << batch;
      for (const auto& parameter : rig.target->parameters())
        EXPECT_TRUE(parameter.isfinite().all().item<bool>()) << name << " with " << batch;
    }
}

TEST(Methods, SayWhatDoesNotSuitThem) {
  Rig rig;
  auto pairing = rig.pairing(Mode::kTrained);
  pairing.sources[0].task.labels = "others";
  rig.take("kd", {});
  EXPECT_EQ(rig.method->unsuited(pairing), "label spaces differ: others and tiny");
  rig.take("rkd", {});
  EXPECT_EQ(rig.method->unsuited(pairing), "");
  rig.take("fitnet", {});
  EXPECT_EQ(rig.method->unsuited(pairing), "");
  pairing.sources[0].model.features[2] = {12};
  EXPECT_EQ(rig.method->unsuited(pairing), "feature 2 of source is not a map");
  pairing.sources[0].model.features.resize(1);
  EXPECT_EQ(rig.method->unsuited(pairing), "source has no feature map 2");
}

TEST(Finetune, NeedsTheSameTrunk) {
  Rig rig;
  rig.take("finetune", {});
  auto pairing = rig.pairing(Mode::kTrained);
  EXPECT_EQ(rig.method->unsuited(pairing),
            "architectures differ: target cannot start from the weights of source");
  auto& source = pairing.sources[0];
  source = *pairing.target;
  EXPECT_EQ(rig.method->unsuited(pairing), "");
  source.task.outputs = 7;  // another head on the same trunk
  source.model.parameters += 2 * (source.model.pooled + 1);
  EXPECT_EQ(rig.method->unsuited(pairing), "");
  EXPECT_TRUE(rig.method->use(0).starts_target);
}

TEST(Share, CropsAndPads) {
  Rig rig;  // hidden.weight [8, 6] from fc.weight [5, 12]
  rig.take("share", {{"f", std::int64_t{2}}}, Mode::kTrained);
  rig.lr = 0;
  rig.step();
  const auto weight = rig.target->hidden->weight.detach();
  EXPECT_TRUE(at::equal(weight.slice(0, 0, 5), rig.source->fc->weight.slice(1, 0, 6)));
  EXPECT_EQ(weight.slice(0, 5).abs().sum().item<double>(), 0);
  weight.zero_();
  rig.step();
  EXPECT_EQ(weight.abs().sum().item<double>(), 0) << "step 1 of a cycle of 2 must not copy";
  rig.step();
  EXPECT_GT(weight.abs().sum().item<double>(), 0);
}

TEST(Share, TiedLayersStayEqual) {
  Rig rig(8, 8);
  rig.from = "hidden.weight";
  rig.take("share", {{"tie", true}});
  const auto before = rig.source->hidden->weight.detach().clone();
  rig.step();
  EXPECT_TRUE(at::equal(rig.target->hidden->weight, rig.source->hidden->weight));
  EXPECT_FALSE(at::equal(rig.source->hidden->weight, before));
  EXPECT_NE(rig.method->unsuited(rig.pairing(Mode::kTrained)), "");
  rig.from = "fc.weight";
  EXPECT_THROW(rig.take("share", {{"tie", true}}), Error);
}

using MergeNetOptions = std::map<std::string, Value>;

/// An adapter small and still enough to be followed by hand: no dropout, no power iteration.
MergeNetOptions quiet(MergeNetOptions more = {}) {
  MergeNetOptions options = {{"dropout", 0.0}, {"rescale", std::string("none")}};
  for (auto& [name, value] : more) options[name] = value;
  return options;
}

MatrixAdapterImpl& adapter(const Method& method) {
  return *method.named_children()["adapter"]->as<MatrixAdapter>();
}

TEST(MergeNet, AdapterOfTheReleasedPairHas37633920Parameters) {
  std::int64_t count = 0;
  const MatrixAdapter made(AdapterShape{.m = 160, .n = 960, .p = 100, .q = 2048});
  for (const auto& parameter : made->parameters()) count += parameter.numel();
  EXPECT_EQ(count, 37'633'920);
}

/// lr times the chain rule through the written weight, for the first step of `rig`.
std::vector<Tensor> chain_rule(Rig& rig, const std::function<Tensor(Tensor, Tensor)>& write) {
  const auto old = rig.target->hidden->weight.detach().clone();
  const auto made = adapter(*rig.method).forward(old, rig.source->fc->weight.detach().clone());
  const auto& batch = rig.lane(kTarget).batch;
  const auto hidden =
      at::linear(batch.x.at("image"), write(old, made), rig.target->hidden->bias.detach()).relu();
  const auto loss = rig.lane(kTarget).loss(rig.target->fc(hidden));
  auto gradients = torch::autograd::grad({loss}, rig.method->parameters());
  for (auto& gradient : gradients) gradient = rig.lr * gradient;
  return gradients;
}

void expect_delta_rule(Rig& rig, const std::function<Tensor(Tensor, Tensor)>& write) {
  rig.method->eval();
  const auto expected = chain_rule(rig, write);
  bool updated = false;
  rig.on_update = [&] {
    updated = true;
    double largest = 0;
    for (const auto& gradient : expected)
      largest = std::max(largest, gradient.abs().max().item<double>());
    EXPECT_GT(largest, 0);
    const auto parameters = rig.method->parameters();
    for (std::size_t i = 0; i < expected.size(); ++i)
      EXPECT_LE((parameters[i].grad() - expected[i]).abs().max().item<double>(), 1e-5 * largest)
          << rig.method->named_parameters().keys()[i];
  };
  rig.step();
  EXPECT_TRUE(updated);
}

TEST(MergeNet, DeltaRuleIsTheChainRuleThroughTheWrittenWeight) {
  Rig rig;
  rig.lr = 10;  // theta' = theta - lr g is rounded, so a large step tells more
  rig.take("mergenet", quiet());
  expect_delta_rule(rig, [](const Tensor&, const Tensor& made) { return made; });
}

TEST(MergeNet, DeltaRuleHoldsForMixedAndRescaledWeights) {
  Rig rig;
  rig.lr = 10;
  rig.take("mergenet", quiet({{"write_mode", std::string("mix")},
                              {"alpha", 0.3},
                              {"rescale", std::string("match_std")}}));
  expect_delta_rule(rig, [](const Tensor& old, const Tensor& made) {
    return 0.7 * old + 0.3 * made * (old.std() / made.detach().std());
  });
}

TEST(MergeNet, TransfersEveryFSteps) {
  Rig rig;
  rig.lr = 0;
  rig.take("mergenet", {{"f", std::int64_t{100}}});
  int updates = 0;
  rig.on_update = [&] { ++updates; };
  auto last = rig.target->hidden->weight.detach().clone();
  for (int i = 0; i < 6; ++i) {
    rig.step();
    const auto now = rig.target->hidden->weight.detach().clone();
    EXPECT_EQ(at::equal(now, last), i > 0) << "step " << i;
    last = now;
  }
  EXPECT_EQ(updates, 1);
  EXPECT_EQ(rig.method->graph_key(0), rig.method->graph_key(200));
  EXPECT_NE(rig.method->graph_key(0), rig.method->graph_key(1));
}

TEST(MergeNet, WriteModes) {
  const auto written = [](MergeNetOptions options) {
    Rig rig;
    rig.lr = 0;
    rig.take("mergenet", quiet(std::move(options)));
    rig.method->eval();
    const auto old = rig.target->hidden->weight.detach().clone();
    const auto made = adapter(*rig.method).forward(old, rig.source->fc->weight.detach()).detach();
    rig.step();
    return std::tuple{old, made, rig.target->hidden->weight.detach().clone()};
  };
  const auto [old, made, overwritten] = written({});
  EXPECT_TRUE(at::allclose(overwritten, made));
  const auto kept = std::get<2>(written({{"write_mode", std::string("mix")}, {"alpha", 0.0}}));
  EXPECT_TRUE(at::equal(kept, old));
  const auto mixed = std::get<2>(written({{"write_mode", std::string("mix")}, {"alpha", 0.25}}));
  EXPECT_TRUE(at::allclose(mixed, 0.75 * old + 0.25 * made, 1e-5, 1e-6));
  // No normalisation follows the tiny network's layer, so `auto` keeps the scale as well.
  for (const auto* rescale : {"match_std", "auto"}) {
    const auto scaled = std::get<2>(written({{"rescale", std::string(rescale)}}));
    EXPECT_NEAR(scaled.std().item<double>(), old.std().item<double>(), 1e-5) << rescale;
  }
}

TEST(MergeNet, TheSourceTrainsOnlyWhereItIsJoint) {
  for (const auto mode : {Mode::kTrained, Mode::kFreshJoint}) {
    Rig rig;
    rig.take("mergenet", {}, mode);
    const auto before = rig.source->fc->weight.detach().clone();
    for (int i = 0; i < 3; ++i) rig.step();
    EXPECT_EQ(at::equal(rig.source->fc->weight, before), mode == Mode::kTrained);
  }
}

TEST(MergeNet, DecaysNeitherBiasesNorNorms) {
  Rig rig;
  rig.take("mergenet", {});
  std::size_t count = 0;
  for (const auto& group : rig.method->groups()) {
    EXPECT_EQ(group.name, "adapter");
    EXPECT_TRUE(group.manual);
    EXPECT_EQ(group.recipe->clip, 50);
    count += group.parameters.size();
    for (const auto& parameter : group.parameters)
      if (parameter.dim() > 1) {
        EXPECT_FALSE(group.weight_decay.has_value());
      } else {
        EXPECT_EQ(group.weight_decay, 0.0);
      }
  }
  EXPECT_EQ(count, rig.method->parameters().size());
  const auto& schedule = rig.method->groups()[0].recipe->schedule;
  EXPECT_EQ(schedule(0), 1);
  EXPECT_EQ(schedule(0.019), 1);
  EXPECT_NEAR(schedule(0.51), 0.5, 1e-9);
  EXPECT_LT(schedule(0.999), 1e-4);
}

}  // namespace
}  // namespace ktb::run
