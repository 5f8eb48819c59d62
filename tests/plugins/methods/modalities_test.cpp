// Transfer between a network that sees and one that reads, on pairs of a picture and a text, and
// between tasks of unlike kinds with batches of their own.
#include <ATen/ops/equal.h>
#include <ATen/ops/sort.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/nn/modules/embedding.h>
#include <torch/nn/modules/linear.h>

#include <set>

#include "run/rig.hpp"

namespace ktb::run {
namespace {

constexpr std::int64_t kLength = 6, kWords = 20, kWidth = 8;

/// The kit's pictures, each with a text whose words depend on its class.
class PairsDataset final : public Dataset {
 public:
  static TaskSpec spec() {
    auto task = kit_task();
    task.name = "pairs";
    task.inputs.push_back({"tokens", {kLength}, "words:pairs:20", {}, {}, kWords});
    return task;
  }
  TaskSpec task(const DataFolder&) const override { return spec(); }
  std::vector<DataFile> files(const DataFolder&) const override { return {}; }
  std::string get() const override { return {}; }
  Split load(const DataFolder&, const std::string& split) const override {
    const std::int64_t n = split == "train" ? 40 : 10;
    const auto labels = torch::arange(n).remainder(5);
    const auto noise = torch::arange(n * 3 * 16 * 16).mul(2654435761).remainder(101);
    const auto x = noise.view({n, 3, 16, 16}) + 30 * labels.view({n, 1, 1, 1});
    const auto words = 1 + (torch::arange(n * kLength).view({n, kLength}) + 3 * labels.unsqueeze(1))
                               .remainder(kWords - 1);
    return {{{"image", x.to(at::kByte)}, {"tokens", words}}, {{"label", labels}}};
  }
};

/// How long a text is, by its last word: a regression on 24 texts, three batches of eight.
class ValuesDataset final : public Dataset {
 public:
  static TaskSpec spec() {
    TaskSpec task;
    task.name = "values", task.kind = "regression", task.labels = "length", task.outputs = 1;
    task.inputs = {{"tokens", {kLength}, "words:pairs:20", {}, {}, kWords}};
    task.train_size = 24, task.test_size = 24;
    return task;
  }
  TaskSpec task(const DataFolder&) const override { return spec(); }
  std::vector<DataFile> files(const DataFolder&) const override { return {}; }
  std::string get() const override { return {}; }
  Split load(const DataFolder&, const std::string&) const override {
    const auto words = 1 + torch::arange(24 * kLength).view({24, kLength}).remainder(kWords - 1);
    return {{{"tokens", words}}, {{"value", words.to(at::kFloat).mean(1) / 10}}};
  }
};

/// Embeds words; its features are those of each word, [B, L, d].
class Reader final : public Model {
 public:
  explicit Reader(const TaskSpec& task) : Model(task) {
    words = register_module("words", torch::nn::Embedding(kWords, kWidth));
    mix = register_module("mix", torch::nn::Linear(kWidth, kWidth));
    fc = register_module("fc", torch::nn::Linear(kWidth, task.outputs));
  }
  std::string head_name() const override { return "fc"; }
  std::string takes() const override { return "mix.weight"; }
  std::vector<InputSpec> reads() const override { return {task().input("tokens")}; }

  torch::nn::Embedding words{nullptr};
  torch::nn::Linear mix{nullptr}, fc{nullptr};

 protected:
  Output forward_trunk(const Batch& batch) override {
    Output out;
    out.features = {words(batch.x.at("tokens"))};
    out.features.push_back(mix(out.features[0]).relu());
    out.pooled = out.features[1].mean(1);
    return out;
  }
  Tensor forward_head(const Output& output) override { return fc(output.pooled); }
};

template <class Data>
std::shared_ptr<Feed> feed_of(std::int64_t batch = 8) {
  DataRequest request;
  request.name = request.axis = Data::spec().name;
  request.batch = batch;
  request.channels_last = false;
  return std::make_shared<ExampleFeed>(Data(), DataFolder({}), request);
}

std::shared_ptr<Model> reader(const TaskSpec& task) {
  torch::manual_seed(4);
  return std::make_shared<Reader>(task);
}

/// Every method runs on the pair or says why not; returns those that run.
std::set<std::string> runs(const std::function<Setting()>& pair) {
  const Registry registry({KTB_PLUGIN_DIR});
  std::set<std::string> running;
  for (const auto& name : registry.names("method")) {
    Options options;
    const auto needs = Registry({KTB_PLUGIN_DIR}).method(name, options)->needs();
    if (!needs.target) continue;
    auto setting = pair();
    setting.method = name;
    setting.mode = needs.modes.front();
    try {
      Rig rig(setting);
      if (!rig.session->optimisers.empty()) rig.steps(2);
      running.insert(name);
    } catch (const Error& reason) {
      EXPECT_STRNE(reason.what(), "") << name;
    } catch (const std::exception& fault) {
      ADD_FAILURE() << name << " neither runs nor says why: " << fault.what();
    }
  }
  return running;
}

TEST(Modalities, WhoSeesTeachesWhoReads) {
  const auto running = runs([] {
    return Setting{.method = "",
                   .target = reader(PairsDataset::spec()),
                   .source = kit_model(6, 2),
                   .data = feed_of<PairsDataset>()};
  });
  for (const auto* name : {"kd", "dkd", "dist", "nkd", "rkd", "sp", "cc", "pkt", "crd",
                           "hub_distill", "dml", "share", "mergenet", "scratch"})
    EXPECT_TRUE(running.contains(name)) << name;
  for (const auto* name : {"at", "fitnet", "reviewkd", "semckd", "vid", "nst", "simkd", "ofd",
                           "fsp", "ab", "ft", "finetune", "hard_sharing"})
    EXPECT_FALSE(running.contains(name)) << name;
}

TEST(Modalities, WhoReadsTeachesWhoSees) {
  const auto running = runs([] {
    return Setting{.method = "",
                   .target = kit_model(4, 1),
                   .source = reader(PairsDataset::spec()),
                   .data = feed_of<PairsDataset>()};
  });
  for (const auto* name : {"kd", "rkd", "sp", "cc", "pkt", "crd", "hub_distill", "mergenet"})
    EXPECT_TRUE(running.contains(name)) << name;
  for (const auto* name : {"at", "fitnet", "reviewkd", "simkd", "finetune", "hard_sharing"})
    EXPECT_FALSE(running.contains(name)) << name;
}

/// The target classifies pictures, five batches an epoch; the source learns values of texts.
Setting two_kinds(Mode mode) {
  return {.method = "mergenet",
          .mode = mode,
          .from = {"mix.weight"},
          .source = reader(ValuesDataset::spec()),
          .source_data = feed_of<ValuesDataset>()};
}

TEST(Modalities, TasksOfUnlikeKindsDrawTheirOwnBatches) {
  Rig rig(two_kinds(Mode::kFreshJoint));
  std::vector<Tensor> seen;
  std::vector<double> losses;
  for (int i = 0; i < 60; ++i) {
    rig.steps(1);
    seen.push_back(rig.step().lane(0).batch.index);
    for (const auto& [name, value] : rig.losses.terms)
      if (name == "source") losses.push_back(value.item<double>());
    EXPECT_EQ(rig.step().lane().batch.x.count("image"), 1);
    EXPECT_EQ(rig.step().lane(0).batch.x.count("image"), 0);
  }
  // Each three steps are an epoch of the source's data, whatever the target's counts.
  for (std::size_t epoch = 0; epoch < 20; ++epoch) {
    const auto all = at::cat({seen[3 * epoch], seen[3 * epoch + 1], seen[3 * epoch + 2]});
    EXPECT_TRUE(at::equal(std::get<0>(at::sort(all)), torch::arange(24))) << "epoch " << epoch;
  }
  EXPECT_LT(losses.back(), 0.5 * losses.front()) << "the source must learn its own task";
}

TEST(Modalities, AFrozenSourceOfAnotherKindNeedsNoBatches) {
  Rig rig(two_kinds(Mode::kTrained));
  const auto before = copy_of(state_of(rig.source()));
  rig.steps(4);
  EXPECT_EQ(first_difference(state_of(rig.source()), before), "");
  EXPECT_EQ(rig.session->data.size(), 1);
}

TEST(Modalities, BothDirectionsBetweenUnlikeKinds) {
  auto setting = two_kinds(Mode::kFreshJoint);
  setting.options = {{"direction", std::string("both")}};
  Rig rig(setting);
  rig.steps(6);
  for (auto* model : {&rig.target(), &rig.source()})
    for (const auto& parameter : model->parameters())
      EXPECT_TRUE(parameter.isfinite().all().item<bool>());
}

}  // namespace
}  // namespace ktb::run
