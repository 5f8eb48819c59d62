// Weights kept as products of factors, and MergeNet on them.
#include <ATen/ops/allclose.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/linalg_svdvals.h>
#include <ATen/ops/linear.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include "methods/mergenet/factored.hpp"
#include "plugins/methods/mergenet_twin.hpp"
#include "run/rig.hpp"

namespace ktb::run {
namespace {

using mergenet::FactoredWeight, mergenet::FactorOptions;
using Given = std::map<std::string, Value>;

FactorOptions factor_options(Given given = {}) {
  Options options(std::move(given));
  return FactorOptions(options);
}

Tensor weight_like(std::vector<std::int64_t> sizes) {
  torch::manual_seed(3);
  return torch::randn(sizes).set_requires_grad(true);
}

TEST(Factors, LayoutIsThatOfTheOriginal) {
  const FactoredWeight conv(weight_like({6, 10, 3, 3}), factor_options({{"rank", std::int64_t{2}}}),
                            true);
  EXPECT_EQ(conv->A.sizes(), (std::vector<std::int64_t>{2 * 3, 10 * 3}));
  EXPECT_EQ(conv->B.sizes(), (std::vector<std::int64_t>{6 * 3, 2 * 3}));
  const FactoredWeight linear(weight_like({7, 12}), factor_options(), true);
  EXPECT_EQ(linear->A.sizes(), (std::vector<std::int64_t>{4, 12}));
  EXPECT_EQ(linear->B.sizes(), (std::vector<std::int64_t>{7, 4}));
  EXPECT_TRUE(at::equal(linear->weight(), linear->B.mm(linear->A) * 0.25));
  // kaiming_uniform_ of a = sqrt(5) has the edge 1 / sqrt(fan in).
  EXPECT_LE(linear->A.abs().max().item<double>(), 1 / std::sqrt(12.0));
  EXPECT_LE(linear->B.abs().max().item<double>(), 1 / std::sqrt(4.0));
  EXPECT_GT(linear->B.abs().max().item<double>(), 0.8 / std::sqrt(4.0));
  // No more rank than the matrix has: 5 rows, and a kernel over single channels.
  const Given large = {{"rank", std::int64_t{64}}};
  EXPECT_EQ(FactoredWeight(weight_like({5, 32}), factor_options(large), true)->A.size(0), 5);
  EXPECT_EQ(FactoredWeight(weight_like({8, 1, 3, 3}), factor_options(large), true)->A.size(0), 3);
}

TEST(Factors, FromAWeightTheyAreTheNearestOfTheirRank) {
  for (const auto& sizes : {std::vector<std::int64_t>{9, 14}, {6, 10, 3, 3}}) {
    const auto before = weight_like(sizes).detach().clone();
    const std::int64_t kernel = sizes.size() > 2 ? 3 : 1;
    const auto left = [&](std::int64_t rank) {
      const FactoredWeight made(weight_like(sizes), factor_options({{"rank", rank}}), false);
      return (made->weight().detach() - before).norm().item<double>();
    };
    EXPECT_LT(left(100), 1e-5);
    const auto values = at::linalg_svdvals(before.reshape({sizes[0] * kernel, -1}));
    EXPECT_NEAR(left(2), values.slice(0, 2 * kernel).norm().item<double>(), 1e-4);
  }
}

TEST(Factors, SignsAreSettled) {
  const FactoredWeight made(weight_like({9, 14}), factor_options(), false);
  const auto largest = made->A.gather(1, made->A.abs().argmax(1, true));
  EXPECT_TRUE((largest > 0).all().item<bool>());
}

TEST(Factors, WithAResidualNothingChangesAtFirst) {
  for (const auto* init : {"svd", "kaiming"}) {
    const auto weight = weight_like({9, 14}), before = weight.detach().clone();
    FactoredWeight made(weight, factor_options({{"residual", true}, {"init", std::string(init)}}),
                        false);
    EXPECT_TRUE(at::equal(weight, before));
    made->write();
    EXPECT_TRUE(at::allclose(weight, before, 0, 1e-6));
    {
      const at::NoGradGuard no_grad;
      made->A.add_(1);
    }
    made->write();
    EXPECT_FALSE(at::allclose(weight, before, 0, 1e-3));
  }
}

/// A layer whose two factors are its parameters, as the authors' code has it.
struct TrueFactors {
  Tensor a, b;
  double factor;
  std::vector<std::int64_t> sizes;
  Tensor weight() const { return (factor * b.matmul(a)).view(sizes); }
};

TEST(Factors, LearnAsTheParametersOfAFactoredLayer) {
  for (const auto& sizes : {std::vector<std::int64_t>{5, 12}, {5, 4, 3, 3}}) {
    const auto weight = weight_like(sizes);
    FactoredWeight made(weight, factor_options({{"rank", std::int64_t{2}}}), true);
    TrueFactors other{made->A.detach().clone().set_requires_grad(true),
                      made->B.detach().clone().set_requires_grad(true), 0.5, sizes};
    const auto recipe = plain_sgd(0.1, 0.9, 0.01);
    const auto group = [](std::vector<Tensor> parameters) {
      Group out;
      out.parameters = std::move(parameters);
      return out;
    };
    Optimiser own(group({made->A, made->B}), recipe), true_one(group({other.a, other.b}), recipe);
    const auto x = sizes.size() == 2 ? torch::randn({6, 12}) : torch::randn({3, 4, 6, 6});
    const auto loss = [&](const Tensor& w) {
      const auto y = sizes.size() == 2 ? at::linear(x, w) : at::conv2d(x, w);
      return (y - 1).square().mean();
    };
    const double first = loss(weight).item<double>();
    for (int i = 0; i < 30; ++i) {
      for (auto* one : {&own, &true_one}) one->zero();
      loss(weight).backward();
      loss(other.weight()).backward();
      for (auto* one : {&own, &true_one}) clip(one->gradients(), 0.5);
      for (auto* one : {&own, &true_one}) one->step();
      made->write();
    }
    EXPECT_LT(loss(weight).item<double>(), 0.9 * first) << "nothing was learnt";
    EXPECT_TRUE(at::allclose(made->A, other.a, 1e-4, 1e-6));
    EXPECT_TRUE(at::allclose(made->B, other.b, 1e-4, 1e-6));
    EXPECT_TRUE(at::allclose(weight, other.weight(), 1e-4, 1e-6));
  }
}

Given low_rank(Given more = {}) {
  Given options = {{"variant", std::string("low_rank")}, {"dropout", 0.0}};
  for (auto& [name, value] : more) options[name] = value;
  return options;
}

std::map<std::string, Tensor> factors_of(const Method& method) {
  std::map<std::string, Tensor> found;
  for (const auto& item : method.named_parameters())
    if (item.key().starts_with("factors")) found[item.key()] = item.value();
  return found;
}

TEST(LowRank, WeightsAreProductsAfterEveryStep) {
  Rig rig({.method = "mergenet",
           .options = low_rank({{"f", std::int64_t{3}}}),
           .recipe = plain_sgd(0.05, 0.9, 0.01)});
  auto factors = factors_of(rig.method());
  ASSERT_THAT(factors, testing::SizeIs(4)) << "A and B of the target's weight and the source's";
  for (int i = 0; i < 5; ++i) {
    rig.steps(1);
    const auto product = [&](const std::string& name) {
      return factors[name + ".B"].mm(factors[name + ".A"]).detach() * 0.25;
    };
    EXPECT_TRUE(
        at::equal(rig.target().site("conv3.weight"), product("factors0").view({32, 16, 3, 3})))
        << "step " << i;
    EXPECT_TRUE(at::equal(rig.source().site("fc.weight"), product("factors1"))) << "step " << i;
  }
}

TEST(LowRank, NoOptimiserStepsOrClipsTheWeightsThemselves) {
  Rig rig({.method = "mergenet", .options = low_rank()});
  const std::vector<Tensor> weights{rig.target().site("conv3.weight"),
                                    rig.source().site("fc.weight")};
  for (const auto& optimiser : rig.session->optimisers)
    for (const auto& parameter : optimiser.group().parameters)
      for (const auto& weight : weights)
        EXPECT_FALSE(!optimiser.group().manual && parameter.is_same(weight))
            << "in " << optimiser.group().name;
}

TEST(LowRank, FreshFactorsAreDrawnAndLearnedOnesKept) {
  const auto rank_of_start = [](Mode target, Mode source) {
    const auto before = kit_model(4, 1)->site("conv3.weight").detach().clone();
    Rig rig({.method = "mergenet",
             .options = low_rank({{"rank", std::int64_t{16}}}),
             .mode = source,
             .target_start = target});
    return std::pair{
        at::allclose(rig.target().site("conv3.weight"), before, 0, 1e-5),
        at::allclose(
            factors_of(rig.method())["factors1.B"].mm(factors_of(rig.method())["factors1.A"]) / 5,
            kit_model(6, 2)->site("fc.weight"), 0, 1e-5)};
  };
  EXPECT_EQ(rank_of_start(Mode::kNone, Mode::kFreshJoint), (std::pair{false, false}));
  EXPECT_EQ(rank_of_start(Mode::kTrained, Mode::kTrainedJoint), (std::pair{true, true}));
  EXPECT_EQ(rank_of_start(Mode::kNone, Mode::kTrained), (std::pair{false, true}));
}

TEST(LowRank, AWeightOfTwoUsesHasOnePairOfFactors) {
  Rig rig({.method = "mergenet",
           .options = low_rank(),
           .into = {"conv1.weight", "conv3.weight"},
           .from = {"fc.weight", "fc.weight"}});
  EXPECT_THAT(factors_of(rig.method()), testing::SizeIs(6));
  rig.steps(3);
}

/// The adapter's gradient of the first step against autograd's through the product.
TEST(LowRank, DeltaRuleIsTheChainRuleThroughTheProduct) {
  const Setting setting{
      .method = "mergenet", .options = low_rank({{"clip_norm", 0.0}}), .recipe = plain_sgd(10, 0)};
  Rig rig(setting);
  rig.steps(1);

  auto fresh = setting;
  fresh.target = kit_model(4, 1), fresh.source = kit_model(6, 2);
  Rig other(fresh);
  other.session->train(true);
  auto factors = factors_of(other.method());
  const auto a = factors["factors0.A"].detach(), b = factors["factors1.A"].detach();
  auto adapter = twin(other.method(), "adapter", a, b);
  const auto made = adapter(a, b);
  const auto weight = other.target().site("conv3.weight");
  const auto product = (factors["factors0.B"].detach().mm(made) * 0.25).view(weight.sizes());
  {
    const at::NoGradGuard no_grad;
    weight.copy_(product);
  }
  other.step().begin(0);
  other.step().enter(LiveStep::Phase::kLosses);
  other.step().task_loss().backward();
  const auto expected = torch::autograd::grad({product}, adapter->parameters(),
                                              {10 * weight.grad()}, {}, false, true);

  const auto learned = rig.method().named_children()["adapter"]->parameters();
  double largest = 0;
  for (const auto& gradient : expected)
    largest = std::max(largest, gradient.abs().max().item<double>());
  EXPECT_GT(largest, 0);
  for (std::size_t i = 0; i < expected.size(); ++i)
    EXPECT_LE((learned[i].grad() - expected[i]).abs().max().item<double>(), 2e-4 * largest) << i;
}

/// With B = 1, a factor of 1 and full rank, A is the weight itself.
TEST(LowRank, OfFullRankItWritesWhatTheReleasedVariantWrites) {
  const auto written = [](Given options) {
    options["rescale"] = std::string("none"), options["dropout"] = 0.0;
    Rig rig(
        {.method = "mergenet", .options = options, .mode = Mode::kTrained, .into = {"fc.weight"}});
    torch::manual_seed(5);
    const at::NoGradGuard no_grad;
    for (auto& parameter : rig.method().named_children()["adapter"]->parameters())
      parameter.copy_(torch::randn_like(parameter) / 4);
    for (const auto& buffer : rig.method().named_children()["adapter"]->buffers())
      Tensor(buffer).fill_(1 / std::sqrt(static_cast<double>(buffer.numel())));
    auto factors = factors_of(rig.method());
    if (!factors.empty()) {
      factors["factors0.B"].copy_(at::eye(5));
      factors["factors0.A"].copy_(kit_model(4, 1)->site("fc.weight"));
      factors["factors1.A"].copy_(kit_model(6, 2)->site("fc.weight"));
    }
    rig.session->train(true);
    rig.step().begin(0);
    rig.method().before(rig.step());
    return rig.target().site("fc.weight").detach().clone();
  };
  const auto released = written({});
  const auto factored = written(
      {{"variant", std::string("low_rank")}, {"rank", std::int64_t{5}}, {"rank_alpha", 5.0}});
  EXPECT_FALSE(at::allclose(released, kit_model(4, 1)->site("fc.weight"), 0, 0.1));
  EXPECT_TRUE(at::allclose(released, factored, 1e-5, 1e-6));
}

TEST(LowRank, WithinTheTargetAndBothWays) {
  Rig inner({.method = "mergenet", .options = low_rank(), .mode = Mode::kNone});
  inner.steps(4);
  EXPECT_THAT(factors_of(inner.method()), testing::SizeIs(4));
  Rig both({.method = "mergenet", .options = low_rank({{"direction", std::string("both")}})});
  both.steps(4);
  EXPECT_THAT(factors_of(both.method()), testing::SizeIs(8));
  for (const auto& parameter : both.target().parameters())
    EXPECT_TRUE(parameter.isfinite().all().item<bool>());
}

}  // namespace
}  // namespace ktb::run
