// MergeNet beyond its reference cases: the delta rule, where and when it writes, and its limiting
// cases. The low-rank variant's factors: mergenet_factors_test.cpp.
#include <ATen/ops/allclose.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/linear.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <tuple>

#include "ktb/transfer/adapter.hpp"
#include "run/plugins/describe.hpp"
#include "run/rig.hpp"
#include "run/setting.hpp"

namespace ktb::run {
namespace {

using testing::ElementsAre, testing::HasSubstr;
using Names = std::vector<std::string>;

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
    if (group.parameters.empty()) continue;  // the low-rank variant's
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
  const auto schedule = rig.method->groups().back().recipe->schedule;
  EXPECT_EQ(schedule(0), 1);
  EXPECT_EQ(schedule(0.019), 1);
  EXPECT_NEAR(schedule(0.51), 0.5, 1e-9);
  EXPECT_LT(schedule(0.999), 1e-4);
}

/// Which of the target's tensors one transfer writes, without any training.
Names written_by(Setting setting) {
  Bout bout(setting);
  const auto state = state_of(bout.target());
  const auto before = copy_of(state);
  bout.scale_rates(0);
  bout.steps(1);
  Names changed;
  for (std::size_t i = 0; i < state.size(); ++i)
    if (state[i].first.ends_with("weight") && !at::equal(state[i].second, before[i]))
      changed.push_back(state[i].first);
  return changed;
}

TEST(MergeNet, SeveralSitesTransferPairByPair) {
  EXPECT_THAT(written_by({"mergenet"}), ElementsAre("conv3.weight"));
  const Setting two{.method = "mergenet",
                    .into = {"conv1.weight", "conv3.weight"},
                    .from = {"conv2.weight", "fc.weight"}};
  EXPECT_THAT(written_by(two), ElementsAre("conv1.weight", "conv3.weight"));
  Bout bout(two);
  const auto second = bout.method().named_parameters();
  EXPECT_EQ(second["adapter.ktl.0.xx.fc_k.weight"].size(1), 12 * 9);   // rows of conv2, 6 << 2 wide
  EXPECT_EQ(second["adapter1.ktl.0.xx.fc_k.weight"].size(1), 6 << 3);  // rows of fc
}

TEST(MergeNet, SaysWhichSitesDoNotFit) {
  const auto reason = [](Setting setting) -> std::string {
    try {
      Bout{setting};
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_THAT(reason({.method = "mergenet", .into = {"conv1.weight", "conv3.weight"}}),
              HasSubstr("enters at 2 sites and leaves at 1"));
  EXPECT_THAT(reason({.method = "mergenet", .into = {"bn1.weight"}}),
              HasSubstr("`bn1.weight` is no matrix"));
  EXPECT_THAT(reason({.method = "mergenet", .from = {"fc.wight"}}), HasSubstr("fc.weight"));
  const std::map<std::string, Value> both = {{"direction", std::string("both")}};
  EXPECT_THAT(reason({.method = "mergenet", .options = both, .mode = Mode::kTrained}),
              HasSubstr("takes nothing back"));
  EXPECT_THAT(reason({.method = "mergenet", .options = both, .mode = Mode::kNone}),
              HasSubstr("nobody to give back to"));
}

TEST(MergeNet, PlanTimeAsksAboutTheModeThatWillRun) {
  Registry registry({KTB_PLUGIN_DIR, KTB_TEST_PLUGIN_DIR});
  const auto unsuited = [&](std::vector<std::string> modes) {
    const core::Json model = {{"plugin", "mlp"}, {"options", {{"width", 8}}}, {"dataset", "d"}};
    const core::Json request = {
        {"datasets", {{"d", {{"plugin", "shapes"}}}}},
        {"models", {{"m", model}}},
        {"methods", {{"k", {{"plugin", "mergenet"}, {"options", {{"direction", "both"}}}}}}},
        {"pairings", core::Json::array({{{"method", "k"},
                                         {"task", "d"},
                                         {"target", "m"},
                                         {"sources", core::Json::array({"m"})},
                                         {"modes", modes}}})}};
    return describe(request, registry, {}).at("pairings").at(0).at("unsuited").get<std::string>();
  };
  EXPECT_EQ(unsuited({}), "") << "its default, fresh-joint, is meant";
  EXPECT_EQ(unsuited({"fresh-joint"}), "");
  EXPECT_THAT(unsuited({"trained"}), HasSubstr("takes nothing back"));
}

/// What the adapter of that name makes of two matrices, in evaluation mode.
Tensor made_by(const Method& method, const std::string& name, const Tensor& a, const Tensor& b) {
  auto& adapter = *method.named_children()[name]->as<MatrixAdapter>();
  return adapter.forward(a.detach().clone().flatten(1), b.detach().clone().flatten(1))
      .detach()
      .view(a.sizes());
}

TEST(MergeNet, BothDirectionsExchangeWhatWasThereBefore) {
  Setting setting{.method = "mergenet",
                  .options = quiet({{"direction", std::string("both")},
                                    {"source_into", Names{"fc.weight"}},
                                    {"target_from", Names{"conv3.weight"}}})};
  Bout bout(setting);
  bout.session().train(false);  // as written_by, but the adapters' power iteration stands still
  const auto to = bout.target().site("conv3.weight"), of = bout.source().site("fc.weight");
  const auto forth = made_by(bout.method(), "adapter", to, of);
  const auto back = made_by(bout.method(), "adapter1", of, to);
  bout.step().begin(0);
  bout.method().before(bout.step());
  EXPECT_TRUE(at::equal(to, forth));
  EXPECT_TRUE(at::equal(of, back)) << "the second transfer must read what stood before the first";
}

TEST(MergeNet, BothDirectionsTeachBothAdapters) {
  Bout bout({.method = "mergenet", .options = {{"direction", std::string("both")}}});
  const auto parameters = bout.method().named_parameters();
  const auto before = copy_of(state_of(bout.method()));
  bout.steps(1);
  std::map<std::string, int> moved;
  const auto state = state_of(bout.method());
  for (std::size_t i = 0; i < state.size(); ++i)
    moved[state[i].first.substr(0, state[i].first.find('.'))] +=
        !at::equal(state[i].second, before[i]);
  EXPECT_THAT(moved, ElementsAre(testing::Pair("adapter", testing::Gt(10)),
                                 testing::Pair("adapter1", testing::Gt(10))));
}

TEST(MergeNet, WithoutASourceKnowledgeStaysInTheTarget) {
  EXPECT_THAT(written_by({.method = "mergenet", .mode = Mode::kNone}), ElementsAre("conv3.weight"));
  Setting inner{.method = "mergenet", .options = {}, .mode = Mode::kNone, .into = {"conv1.weight"}};
  inner.options["target_from"] = Names{"conv3.weight"};
  EXPECT_THAT(written_by(inner), ElementsAre("conv1.weight"));
  Bout bout(inner);
  EXPECT_EQ(bout.method().named_parameters()["adapter.ktl.0.xx.fc_k.weight"].size(1), 16 * 9);
  bout.steps(4);
  EXPECT_THAT(bout.losses.terms, testing::SizeIs(1)) << "there is no source to train";
}

TEST(MergeNet, MixedInWithNothingItIsScratch) {
  const auto trained = [](const Setting& setting) {
    Bout bout(setting);
    bout.steps(6);
    return copy_of(state_of(bout.target()));
  };
  const auto plain = trained({.method = "scratch", .mode = Mode::kNone});
  for (const auto mode : {Mode::kFreshJoint, Mode::kTrained, Mode::kNone}) {
    const auto mixed = trained({.method = "mergenet",
                                .options = {{"write_mode", std::string("mix")}, {"alpha", 0.0}},
                                .mode = mode});
    for (std::size_t i = 0; i < plain.size(); ++i)
      EXPECT_TRUE(at::equal(mixed[i], plain[i])) << to_string(mode) << ", tensor " << i;
  }
}

TEST(MergeNet, DeploysAPlainTarget) {
  for (const auto* variant : {"released", "low_rank"}) {
    Bout bout({.method = "mergenet", .options = {{"variant", std::string(variant)}}});
    bout.steps(2);
    const auto own = bout.target().named_parameters(), plain = kit_model(4, 1)->named_parameters();
    ASSERT_EQ(own.keys(), plain.keys()) << variant;
    for (const auto& item : own) EXPECT_EQ(item.value().sizes(), plain[item.key()].sizes());
    EXPECT_EQ(bout.method().deployed().size(), own.size()) << variant;
  }
}

TEST(MergeNet, AFrozenSourceKeepsEveryBit) {
  for (const auto* variant : {"released", "low_rank"}) {
    Bout bout({.method = "mergenet",
               .options = {{"variant", std::string(variant)}},
               .mode = Mode::kTrained});
    const auto before = copy_of(state_of(bout.source()));
    bout.steps(4);
    EXPECT_EQ(first_difference(state_of(bout.source()), before), "") << variant;
  }
}

TEST(MergeNet, PicturesAreOfEachLayerAndDirection) {
  const auto pictures = [](std::map<std::string, Value> options) {
    Bout bout({.method = "mergenet", .options = std::move(options)});
    bout.steps(1);
    const at::NoGradGuard no_grad;
    bout.session().train(false);
    return bout.method().pictures();
  };
  EXPECT_THAT(pictures({}), testing::IsEmpty());
  const auto all = pictures({{"pictures", true}, {"num_ktl", std::int64_t{1}}});
  Names names;
  for (const auto& [name, map] : all) {
    names.push_back(name);
    EXPECT_TRUE(at::allclose(map.sum(1), at::ones({map.size(0)}))) << name;
  }
  EXPECT_THAT(names, ElementsAre("adapter.0.xx", "adapter.0.xy", "adapter.0.yx", "adapter.0.yy"));
  EXPECT_THAT(all.at("adapter.0.xy").sizes().vec(), ElementsAre(4 << 3, 6 << 3));
  EXPECT_THAT(all.at("adapter.0.yx").sizes().vec(), ElementsAre((4 << 2) * 9, 5));
}

TEST(MergeNet, OneDirectionOfAttentionIsEnough) {
  const auto count = [](const char* directions) {
    AdapterShape shape{.m = 4, .n = 6, .p = 5, .q = 7, .layers = 1};
    shape.directions = directions;
    std::int64_t numbers = 0;
    for (const auto& parameter : MatrixAdapter(shape)->parameters()) numbers += parameter.numel();
    return numbers;
  };
  const std::int64_t ffn = 2 * (6 * 12) + 12 + 6 + 2 * 6;  // two layers with biases, and a norm
  std::int64_t attentions = 0;
  for (const auto* one : {"xx", "xy", "yx", "yy"}) attentions += count(one) - ffn;
  EXPECT_EQ(count("all"), attentions + ffn);
  EXPECT_THAT(written_by({.method = "mergenet", .options = {{"directions", std::string("xx")}}}),
              ElementsAre("conv3.weight"));
}

}  // namespace
}  // namespace ktb::run
