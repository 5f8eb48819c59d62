// Limiting cases of the distillation methods: without weight they are training alone, from oneself
// there is nothing to learn, a batch of one is enough. Their formulas are held against stored
// tensors by `ktbench plugin check`.
#include <ATen/ops/tensor.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "run/rig.hpp"

namespace ktb::run {
namespace {

using Given = std::map<std::string, Value>;

/// A method with options that take its knowledge away, and one that gives it.
struct Limit {
  std::string method;
  Given options;
};

const Value kOne = 1.0, kNone = 0.0;

const std::vector<Limit>& without_weight() {
  static const auto* const all = new std::vector<Limit>{
      {"kd", {{"ce_weight", kOne}, {"kd_weight", kNone}}},
      {"dkd", {{"alpha", kNone}, {"beta", kNone}}},
      {"dist", {{"dist_weight", kNone}}},
      {"uskd", {{"alpha", kNone}, {"beta", kNone}, {"mu", kNone}}},
      {"tfkd_self", {{"alpha", kNone}}},
      {"tfkd_reg", {{"alpha", kNone}}},
      {"dml", {{"kl_weight", kNone}}},
      {"fitnet", {{"hint_weight", kNone}}},
      {"at", {{"at_weight", kNone}}},
      {"sp", {{"sp_weight", kNone}}},
      {"cc", {{"cc_weight", kNone}}},
      {"vid", {{"vid_weight", kNone}}},
      {"rkd", {{"rkd_weight", kNone}}},
      {"pkt", {{"pkt_weight", kNone}}},
      {"nst", {{"nst_weight", kNone}}},
      {"crd", {{"crd_weight", kNone}, {"K", std::int64_t{16}}}},
      {"reviewkd", {{"review_weight", kNone}}},
      {"simkd", {{"ce_weight", kOne}, {"feature_weight", kNone}}},
      {"semckd", {{"semckd_weight", kNone}}},
      {"ofd", {{"ofd_weight", kNone}}},
      {"ab", {{"init_epochs", kNone}}},
      {"ft", {{"init_epochs", kNone}, {"ft_weight", kNone}}},
      {"fsp", {{"init_epochs", kNone}}},
      {"kdsvd", {{"kdsvd_weight", kNone}}},
  };
  return *all;
}

/// In the mode that the method prefers.
KitPairing alike(const std::string& method, Given options, std::int64_t batch = 8) {
  const auto mode = method_of(method)->needs().modes.front();
  return {"", 4, 4, mode, mode == Mode::kNone ? 0U : 1U, std::move(options), batch};
}

/// The target after a few steps, and the last loss.
struct Outcome {
  std::vector<Tensor> weights;
  double loss;
};

Outcome train(const std::string& method, const Given& options, std::int64_t batch = 8) {
  Rig rig(method, alike(method, options, batch));
  const double loss = rig.steps(3);
  Outcome out{{}, loss};
  for (const auto& weight : rig.target().parameters()) out.weights.push_back(weight.detach());
  return out;
}

/// The loss terms where the source has the target's weights and both are evaluated.
std::map<std::string, double> from_oneself(const std::string& method, const Given& options = {}) {
  Rig rig(method, alike(method, options));
  {
    const torch::NoGradGuard no_grad;
    const auto own = rig.target().parameters(), other = rig.source().parameters();
    for (std::size_t i = 0; i < own.size(); ++i) Tensor(other[i]).copy_(own[i]);
  }
  return rig.terms();
}

TEST(Distillation, WithoutWeightIsTrainingAlone) {
  const auto alone = train("scratch", {}).weights;
  for (const auto& [method, options] : without_weight()) {
    const auto weights = train(method, options).weights;
    for (std::size_t i = 0; i < alone.size(); ++i)
      EXPECT_TRUE(at::equal(weights[i], alone[i])) << method << ", parameter " << i;
  }
}

TEST(Distillation, WithoutSmoothingIsTrainingAloneUpToRounding) {
  const auto alone = train("scratch", {}).weights;
  const auto weights = train("label_smoothing", {{"alpha", kNone}}).weights;
  for (std::size_t i = 0; i < alone.size(); ++i)
    EXPECT_TRUE(at::allclose(weights[i], alone[i], 1e-4, 1e-6)) << i;
}

TEST(Distillation, WithWeightDiffersFromTrainingAlone) {
  const auto alone = train("scratch", {}).weights;
  for (const auto& limit : without_weight()) {
    Given options;
    if (limit.method == "crd") options = {{"K", std::int64_t{16}}};
    if (limit.method == "ft") options = {{"init_epochs", kNone}};
    // Nothing has ramped up in the first steps otherwise.
    if (limit.method == "dkd" || limit.method == "reviewkd") options = {{"warmup", kNone}};
    const auto weights = train(limit.method, options).weights;
    EXPECT_FALSE(at::equal(weights[0], alone[0])) << limit.method;
  }
}

TEST(Distillation, NothingIsToBeLearntFromOneself) {
  const std::map<std::string, std::vector<std::string>> zero = {
      {"kd", {"kd"}},   {"dist", {"inter", "intra"}},   {"tfkd_self", {"kd"}},    {"at", {"at"}},
      {"sp", {"sp"}},   {"rkd", {"distance", "angle"}}, {"pkt", {"pkt"}},         {"nst", {"nst"}},
      {"fsp", {"fsp"}}, {"kdsvd", {"kdsvd"}},           {"dml", {"kl.0", "kl.1"}}};
  for (const auto& [method, terms] : zero) {
    // What DIST adds to its norms shows where distributions hardly vary.
    const auto found = from_oneself(method, method == "dist" ? Given{{"eps", kNone}} : Given{});
    for (const auto& term : terms) EXPECT_NEAR(found.at(term), 0, 1e-3) << method << ": " << term;
  }
}

TEST(Distillation, BatchesOfOneAndTwoAreEnough) {
  auto methods = without_weight();
  methods.push_back({"nkd", {}});
  methods.push_back({"label_smoothing", {}});
  for (const std::int64_t batch : {1, 2})
    for (const auto& limit : methods) {
      Given options;
      if (limit.method == "semckd") options = {{"factor", std::int64_t{1}}};
      if (limit.method == "crd") options = {{"K", std::int64_t{16}}};
      const auto out = train(limit.method, options, batch);
      EXPECT_TRUE(std::isfinite(out.loss)) << limit.method << ' ' << batch;
      for (const auto& weight : out.weights)
        EXPECT_TRUE(weight.isfinite().all().item<bool>()) << limit.method << ' ' << batch;
    }
}

TEST(Distillation, HotDistributionsCompareLogits) {
  // T^2 KL tends to half the squared distance of centred logits, divided by the classes.
  Rig rig("kd", alike("kd", {{"temperature", Value(20.0)}, {"kd_weight", kOne}}));
  const double term = rig.term("kd");
  auto& step = rig.look(0);
  auto difference = (step.target().pred - step.source().pred).detach();
  difference = difference - difference.mean(1, true);
  const auto expected = 0.5 * difference.square().mean(1).mean().item<double>();
  EXPECT_NEAR(term, expected, 0.05 * expected);
}

TEST(Distillation, ASourceOfOtherStagesOrLabelsIsAHole) {
  const auto reason = [](const std::string& method, const Pairing& pairing) {
    return method_of(method)->unsuited(pairing);
  };
  auto pairing = Rig("kd", alike("kd", {})).pairing();
  pairing.sources[0].task.labels = "others";
  for (const auto* method : {"kd", "dkd", "dist", "nkd", "dml", "simkd", "tfkd_self"})
    EXPECT_EQ(reason(method, pairing), "label spaces differ: others and kit") << method;
  for (const auto* method : {"at", "sp", "cc", "vid", "rkd", "pkt", "nst", "crd", "reviewkd",
                             "semckd", "ofd", "ab", "ft", "fsp", "kdsvd"})
    EXPECT_EQ(reason(method, pairing), "") << method;

  pairing.sources[0].model.features.back() = {64, 48};  // tokens
  for (const auto* method : {"at", "vid", "nst", "reviewkd", "semckd", "ofd", "ab", "fsp", "kdsvd"})
    EXPECT_EQ(reason(method, pairing), "feature 3 of source is not a map") << method;
  EXPECT_EQ(reason("ft", pairing), "the last feature of source is not a map");
  for (const auto* method : {"sp", "cc", "rkd", "pkt", "crd"})
    EXPECT_EQ(reason(method, pairing), "") << method;

  pairing.sources[0].model.features.resize(1);
  EXPECT_EQ(reason("at", pairing), "target and source have no stages behind the stem in common");
  pairing.sources[0].model.reads[0].shape = {1, 16, 16};
  for (const auto* method : {"sp", "cc", "rkd", "pkt", "crd", "at"})
    EXPECT_EQ(reason(method, pairing), "source source cannot read the inputs of kit") << method;
}

TEST(Nkd, WithoutGammaLeavesTheWeighedTrueClass) {
  const auto terms = from_oneself("nkd", {{"gamma", kNone}});
  EXPECT_EQ(terms.at("nontarget"), 0);
  // Weighed by the source's confidence, which is below one.
  EXPECT_GT(terms.at("target"), 0);
  EXPECT_LT(terms.at("target"), terms.at("task"));
}

TEST(Stages, EndAfterTheirEpochs) {
  const auto names = [](const std::string& method, std::int64_t at) {
    Rig rig(method, alike(method, {{"init_epochs", Value(2.0)}}));
    rig.session->train(true);
    std::vector<std::string> all;
    for (const auto& [name, value] : rig.method().losses(rig.look(at))) all.push_back(name);
    return all;
  };
  // 40 examples in batches of 8: two epochs are 10 steps.
  using testing::ElementsAre;
  EXPECT_THAT(names("ab", 9), ElementsAre("ab"));
  EXPECT_THAT(names("ab", 10), ElementsAre("task"));
  EXPECT_THAT(names("fsp", 9), ElementsAre("fsp"));
  EXPECT_THAT(names("fsp", 10), ElementsAre("task"));
  EXPECT_THAT(names("ft", 9), ElementsAre("paraphrase"));
  EXPECT_THAT(names("ft", 10), ElementsAre("task", "ft"));
}

TEST(SimKd, PredictsByTheSourcesHead) {
  Rig rig("simkd", alike("simkd", {}));
  const auto before = rig.predicts();
  const torch::NoGradGuard no_grad;
  const auto empty_head = [](const Model& model) {
    for (auto& item : model.named_parameters())
      if (model.is_head(item.key())) item.value().zero_();
  };
  empty_head(rig.target());
  EXPECT_TRUE(at::equal(rig.predicts(), before));
  empty_head(rig.source());
  EXPECT_EQ(rig.predicts().abs().max().item<double>(), 0);
}

TEST(Crd, RenewsTheBanksRowsOfTheBatch) {
  Rig rig("crd", alike("crd", {{"K", std::int64_t{16}}}));
  const auto banks = [&] {
    std::vector<Tensor> all;
    for (const auto& item : rig.method().named_buffers())
      if (item.key().rfind("memory", 0) == 0) all.push_back(item.value().clone());
    return all;
  };
  const auto before = banks();
  rig.steps();
  const auto after = banks();
  const auto index = rig.step().lane().batch.index;
  for (std::size_t i = 0; i < 2; ++i) {
    const auto moved = (after[i] - before[i]).abs().amax(1).gt(0);
    EXPECT_EQ(moved.sum().item<std::int64_t>(), 8);
    EXPECT_TRUE(moved.index_select(0, index).all().item<bool>());
    const auto lengths = after[i].index_select(0, index).norm(2, 1);
    EXPECT_TRUE(at::allclose(lengths, torch::ones(8), 1e-5, 1e-5));
  }
}

}  // namespace
}  // namespace ktb::run
