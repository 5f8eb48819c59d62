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

#include "plugins/methods/mergenet_twin.hpp"
#include "run/plugins/describe.hpp"
#include "run/plugins/plain.hpp"
#include "run/tiny.hpp"

namespace ktb::run {
namespace {

using mergenet::AdapterShape, mergenet::MatrixAdapter;
using testing::ElementsAre, testing::HasSubstr;
using Names = std::vector<std::string>;

using MergeNetOptions = std::map<std::string, Value>;

/// An adapter small and still enough to be followed by hand: no dropout, no power iteration.
MergeNetOptions quiet(MergeNetOptions more = {}) {
  MergeNetOptions options = {{"dropout", 0.0}, {"rescale", std::string("none")}};
  for (auto& [name, value] : more) options[name] = value;
  return options;
}

TEST(MergeNet, AdapterOfTheReleasedPairHas37633920Parameters) {
  std::int64_t count = 0;
  const MatrixAdapter made(AdapterShape{.m = 160, .n = 960, .p = 100, .q = 2048});
  for (const auto& parameter : made->parameters()) count += parameter.numel();
  EXPECT_EQ(count, 37'633'920);
}

/// `lr` times the chain rule through the written weight, for the first step of `rig`.
std::vector<Tensor> chain_rule(Rig& rig, double lr,
                               const std::function<Tensor(Tensor, Tensor)>& write) {
  const auto old = rig.target().site("hidden.weight").detach().clone();
  const auto given = rig.source().site("fc.weight").detach().clone();
  auto adapter = twin(rig.method(), "adapter", old, given);
  const auto& lane = rig.look(0).lane();
  const auto hidden = at::linear(lane.batch.x.at("image"), write(old, adapter(old, given)),
                                 rig.target().site("hidden.bias").detach())
                          .relu();
  const auto pred =
      at::linear(hidden, rig.target().site("fc.weight"), rig.target().site("fc.bias"));
  auto gradients = torch::autograd::grad({lane.loss(pred)}, adapter->parameters());
  for (auto& gradient : gradients) gradient = lr * gradient;
  return gradients;
}

void expect_delta_rule(const MergeNetOptions& options,
                       const std::function<Tensor(Tensor, Tensor)>& write) {
  constexpr double kLr = 10;  // theta' = theta - lr g is rounded, so a large step tells more
  Rig rig(tiny("mergenet", options, kLr));
  rig.method().eval();
  const auto expected = chain_rule(rig, kLr, write);
  bool updated = false;
  rig.on_update = [&] {
    updated = true;
    double largest = 0;
    for (const auto& gradient : expected)
      largest = std::max(largest, gradient.abs().max().item<double>());
    EXPECT_GT(largest, 0);
    const auto parameters = rig.method().parameters();
    for (std::size_t i = 0; i < expected.size(); ++i)
      EXPECT_LE((parameters[i].grad() - expected[i]).abs().max().item<double>(), 1e-5 * largest)
          << rig.method().named_parameters().keys()[i];
  };
  rig.step_as_it_is();
  EXPECT_TRUE(updated);
}

TEST(MergeNet, DeltaRuleIsTheChainRuleThroughTheWrittenWeight) {
  expect_delta_rule(quiet(), [](const Tensor&, const Tensor& made) { return made; });
}

TEST(MergeNet, DeltaRuleHoldsForMixedAndRescaledWeights) {
  const auto options = quiet(
      {{"write_mode", std::string("mix")}, {"alpha", 0.3}, {"rescale", std::string("match_std")}});
  expect_delta_rule(options, [](const Tensor& old, const Tensor& made) {
    return 0.7 * old + 0.3 * made * (old.std() / made.detach().std());
  });
}

TEST(MergeNet, TransfersEveryFSteps) {
  Rig rig(tiny("mergenet", {{"f", std::int64_t{100}}}, 0));
  int updates = 0;
  rig.on_update = [&] { ++updates; };
  const auto weight = rig.target().site("hidden.weight");
  auto last = weight.detach().clone();
  for (int i = 0; i < 6; ++i) {
    rig.steps();
    const auto now = weight.detach().clone();
    EXPECT_EQ(at::equal(now, last), i > 0) << "step " << i;
    last = now;
  }
  EXPECT_EQ(updates, 1);
  EXPECT_EQ(rig.method().graph_key(0), rig.method().graph_key(200));
  EXPECT_NE(rig.method().graph_key(0), rig.method().graph_key(1));
}

TEST(MergeNet, WriteModes) {
  const auto written = [](MergeNetOptions options) {
    Rig rig(tiny("mergenet", quiet(std::move(options)), 0));
    rig.method().eval();
    const auto weight = rig.target().site("hidden.weight").detach();
    const auto old = weight.clone();
    const auto given = rig.source().site("fc.weight").detach();
    const auto made = twin(rig.method(), "adapter", old, given)(old, given).detach();
    rig.step_as_it_is();
    return std::tuple{old, made, weight.clone()};
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
    auto setting = tiny("mergenet");
    setting.mode = mode;
    Rig rig(setting);
    const auto weight = rig.source().site("fc.weight");
    const auto before = weight.detach().clone();
    rig.steps(3);
    EXPECT_EQ(at::equal(weight, before), mode == Mode::kTrained);
  }
}

TEST(MergeNet, DecaysNeitherBiasesNorNorms) {
  Rig rig(tiny("mergenet"));
  auto& method = rig.method();
  std::size_t count = 0;
  for (const auto& group : method.groups()) {
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
  EXPECT_EQ(count, method.parameters().size());
  const auto schedule = method.groups().back().recipe->schedule;
  EXPECT_EQ(schedule(0), 1);
  EXPECT_EQ(schedule(0.019), 1);
  EXPECT_NEAR(schedule(0.51), 0.5, 1e-9);
  EXPECT_LT(schedule(0.999), 1e-4);
}

/// Which of the target's tensors one transfer writes, without any training.
Names written_by(Setting setting) {
  Rig rig(setting);
  const auto state = state_of(rig.target());
  const auto before = copy_of(state);
  rig.scale_rates(0);
  rig.steps(1);
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
  Rig rig(two);
  const auto second = rig.method().named_parameters();
  EXPECT_EQ(second["adapter.ktl.0.xx.fc_k.weight"].size(1), 12 * 9);   // rows of conv2, 6 << 2 wide
  EXPECT_EQ(second["adapter1.ktl.0.xx.fc_k.weight"].size(1), 6 << 3);  // rows of fc
}

TEST(MergeNet, SaysWhichSitesDoNotFit) {
  const auto reason = [](Setting setting) -> std::string {
    try {
      Rig{setting};
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
  const auto unsuited = [&](std::vector<core::SourceMode> modes) {
    core::DescribeRequest request;
    request.datasets["d"] = {"shapes"};
    request.models["m"] = {{"mlp", {{"width", 8}}}, "d", "", "", "", false, {}};
    request.methods["k"] = {"mergenet", {{"direction", "both"}}};
    request.pairings = {{"k", "d", "m", {"m"}, std::move(modes)}};
    return describe(request, registry, {}).pairings.at(0).unsuited;
  };
  EXPECT_EQ(unsuited({}), "") << "its default, fresh-joint, is meant";
  EXPECT_EQ(unsuited({core::SourceMode::kFreshJoint}), "");
  EXPECT_THAT(unsuited({core::SourceMode::kTrained}), HasSubstr("takes nothing back"));
}

/// What the adapter of that name makes of two matrices, in evaluation mode.
Tensor made_by(const Method& method, const std::string& name, const Tensor& a, const Tensor& b) {
  return twin(method, name, a, b)(a.detach().clone().flatten(1), b.detach().clone().flatten(1))
      .detach()
      .view(a.sizes());
}

TEST(MergeNet, BothDirectionsExchangeWhatWasThereBefore) {
  Setting setting{.method = "mergenet",
                  .options = quiet({{"direction", std::string("both")},
                                    {"source_into", Names{"fc.weight"}},
                                    {"target_from", Names{"conv3.weight"}}})};
  Rig rig(setting);
  rig.session->train(false);  // as written_by, but the adapters' power iteration stands still
  const auto to = rig.target().site("conv3.weight"), of = rig.source().site("fc.weight");
  const auto forth = made_by(rig.method(), "adapter", to, of);
  const auto back = made_by(rig.method(), "adapter1", of, to);
  rig.step().begin(0);
  rig.method().before(rig.step());
  EXPECT_TRUE(at::equal(to, forth));
  EXPECT_TRUE(at::equal(of, back)) << "the second transfer must read what stood before the first";
}

TEST(MergeNet, BothDirectionsTeachBothAdapters) {
  Rig rig({.method = "mergenet", .options = {{"direction", std::string("both")}}});
  const auto parameters = rig.method().named_parameters();
  const auto before = copy_of(state_of(rig.method()));
  rig.steps(1);
  std::map<std::string, int> moved;
  const auto state = state_of(rig.method());
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
  Rig rig(inner);
  EXPECT_EQ(rig.method().named_parameters()["adapter.ktl.0.xx.fc_k.weight"].size(1), 16 * 9);
  rig.steps(4);
  EXPECT_THAT(rig.losses.terms, testing::SizeIs(1)) << "there is no source to train";
}

TEST(MergeNet, MixedInWithNothingItIsScratch) {
  const auto trained = [](const Setting& setting) {
    Rig rig(setting);
    rig.steps(6);
    return copy_of(state_of(rig.target()));
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
    Rig rig({.method = "mergenet", .options = {{"variant", std::string(variant)}}});
    rig.steps(2);
    const auto own = rig.target().named_parameters(), plain = kit_model(4, 1)->named_parameters();
    ASSERT_EQ(own.keys(), plain.keys()) << variant;
    for (const auto& item : own) EXPECT_EQ(item.value().sizes(), plain[item.key()].sizes());
    EXPECT_EQ(rig.method().deployed().size(), own.size()) << variant;
  }
}

TEST(MergeNet, AFrozenSourceKeepsEveryBit) {
  for (const auto* variant : {"released", "low_rank"}) {
    Rig rig({.method = "mergenet",
             .options = {{"variant", std::string(variant)}},
             .mode = Mode::kTrained});
    const auto before = copy_of(state_of(rig.source()));
    rig.steps(4);
    EXPECT_EQ(first_difference(state_of(rig.source()), before), "") << variant;
  }
}

TEST(MergeNet, PicturesAreOfEachLayerAndDirection) {
  const auto pictures = [](std::map<std::string, Value> options) {
    Rig rig({.method = "mergenet", .options = std::move(options)});
    rig.steps(1);
    const at::NoGradGuard no_grad;
    rig.session->train(false);
    return rig.method().pictures();
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
