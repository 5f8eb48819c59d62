// Knowledge Flow: its limiting cases, what flows where, and how teachers go. In the conformance
// kit's world, by the harness's own step.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/nn/modules/dropout.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <cmath>
#include <map>
#include <string>

#include "ktb/nn/blocks.hpp"
#include "ktb/transfer/losses.hpp"
#include "methods/knowledge_flow/entrance.hpp"
#include "methods/knowledge_flow/inlet.hpp"
#include "run/rig.hpp"

namespace ktb::run {
namespace {

using namespace knowledge_flow;
using testing::ElementsAre;
using Given = std::map<std::string, Value>;

KitPairing teachers(std::size_t count, Given options = {}, std::int64_t width = 6) {
  return {"teachers", width, 4, Mode::kTrained, count, std::move(options)};
}

KitPairing none() { return {"none", 4, 4, Mode::kNone, 0}; }

/// Sets the weight of the student's own layer in every inlet; teachers share the rest.
void give_student(Rig& rig, double share) {
  const torch::NoGradGuard no_grad;
  for (const auto& item : rig.method().named_parameters())
    if (item.key().ends_with(".logits")) {
      auto logits = item.value();
      logits.zero_();
      const auto others = static_cast<double>(logits.numel() - 1);
      logits[0] = share < 1 ? std::log(others * share / (1 - share)) : 1e4;
    }
}

void without_dropout(Model& model) {
  model.named_modules()["dropout"]->as<torch::nn::Dropout>()->options.p(0);
}

/// Each tensor of the student that differs in any bit from that of another run.
std::string difference(const Rig& a, const Rig& b) {
  for (const auto& item : a.target().named_parameters())
    if (!at::equal(item.value(), b.target().site(item.key()))) return item.key();
  const auto buffers = b.target().named_buffers();
  for (const auto& item : a.target().named_buffers())
    if (!at::equal(item.value(), buffers[item.key()])) return item.key();
  return "";
}

TEST(KnowledgeFlow, TeachersThatNeverComeLeaveTheStudentAlone) {
  Rig alone("scratch", none()), flow("knowledge_flow", teachers(3, {{"leave", 0.0}}));
  for (int i = 0; i < 6; ++i) EXPECT_EQ(flow.steps(), alone.steps()) << i;
  EXPECT_EQ(difference(flow, alone), "");
}

TEST(KnowledgeFlow, TeachersOfNoWeightLeaveTheStudentAlone) {
  Rig alone("scratch", none()), flow("knowledge_flow", teachers(3, {{"kl", 0.0}}));
  give_student(flow, 1);
  for (int i = 0; i < 6; ++i) EXPECT_EQ(flow.steps(), alone.steps()) << i;
  EXPECT_EQ(difference(flow, alone), "");
  give_student(flow, 0.5);
  flow.steps();
  alone.steps();
  EXPECT_NE(difference(flow, alone), "") << "nothing flows";
}

TEST(KnowledgeFlow, TeachersMayLeaveOnTheWay) {
  Rig flow("knowledge_flow", teachers(2, {{"leave", 1.0}}));
  const auto per_epoch = flow.session->data[0]->steps_per_epoch();
  const auto weight = flow.weight("inlet.0.transform.0.weight");
  flow.steps(per_epoch);
  EXPECT_EQ(flow.losses.terms.size(), 3U);
  const auto settled = weight.detach().clone();
  flow.steps();
  ASSERT_EQ(flow.losses.terms.size(), 1U);
  EXPECT_EQ(flow.losses.terms[0].first, "task");
  EXPECT_TRUE(at::equal(weight, settled));
}

TEST(KnowledgeFlow, TheStudentAloneIsJudged) {
  Rig flow("knowledge_flow", teachers(2));
  flow.steps(3);
  const auto prediction = flow.predicts();
  const torch::NoGradGuard no_grad;
  EXPECT_TRUE(at::equal(prediction, flow.target()(flow.batch()).pred));
  for (auto& source : flow.session->transfer.sources)
    for (auto& parameter : source->parameters()) parameter.fill_(NAN);
  EXPECT_TRUE(at::equal(prediction, flow.predicts()));
}

/// The stages of the kit's network end in four convolutions; the pooled feature is a fifth inlet.
TEST(KnowledgeFlow, GradientsReachWeightsAndTransformsOfEveryLayer) {
  Rig flow("knowledge_flow", teachers(2));
  flow.steps();
  std::size_t inlets = 0;
  for (const auto& item : flow.method().named_parameters()) {
    EXPECT_GT(item.value().grad().abs().max().item<double>(), 0) << item.key();
    inlets += item.key().ends_with(".logits");
  }
  EXPECT_EQ(inlets, 5U);
  for (const auto& parameter : flow.source().parameters()) EXPECT_FALSE(parameter.grad().defined());
}

/// Two that are equal, with equal transforms, are one with the weight of both.
TEST(KnowledgeFlow, EqualTeachersAreOne) {
  Rig one("knowledge_flow", teachers(1)), two("knowledge_flow", teachers(2));
  const torch::NoGradGuard no_grad;
  for (const auto& item : one.source().named_parameters())
    two.source(1).site(item.key()).copy_(two.source(0).site(item.key()).copy_(item.value()));
  for (const auto& item : one.method().named_parameters()) {
    const auto& name = item.key();
    const auto at = name.find("transform.0.");
    if (at == std::string::npos) continue;
    two.weight(name).copy_(item.value());
    two.weight(std::string(name).replace(at, 12, "transform.1.")).copy_(item.value());
  }
  give_student(one, 0.3);
  give_student(two, 0.3);
  EXPECT_NEAR(one.term("task"), two.term("task"), 1e-6);
  give_student(one, 0.8);
  EXPECT_GT(std::abs(one.term("task") - two.term("task")), 1e-4);
}

/// A teacher that is the student, through the identity, changes nothing, whatever its weight.
TEST(KnowledgeFlow, ATeacherThatIsTheStudentAddsNothing) {
  Rig flow("knowledge_flow", teachers(1, {}, 4));
  const torch::NoGradGuard no_grad;
  for (const auto& item : flow.target().named_parameters())
    flow.source().site(item.key()).copy_(item.value());
  give_student(flow, 1);
  flow.session->train(false);
  const double alone = flow.term("task");
  const auto transform = flow.weight("inlet.4.transform.0.weight");
  flow.weight("inlet.4.logits").zero_();
  const double strange = flow.term("task");
  transform.copy_(at::eye(transform.size(0)));
  flow.weight("inlet.4.transform.0.bias").zero_();
  EXPECT_NEAR(flow.term("task"), alone, 1e-6);
  EXPECT_GT(std::abs(strange - alone), 1e-4);
}

TEST(KnowledgeFlow, DependenceIsOfTheStudentsOwnWeights) {
  Rig flow("knowledge_flow", teachers(3, {{"dependency", 2.0}, {"rise", 0.0}, {"start", 0.25}}));
  EXPECT_NEAR(flow.term("dependency"), 2 * 5 * std::log(4.0), 1e-5);
  Rig rising("knowledge_flow", teachers(3, {{"rise", 4.0}}));
  EXPECT_EQ(rising.term("dependency"), 0);
  const auto per_epoch = rising.session->data[0]->steps_per_epoch();
  const auto at = [&](std::int64_t step) {
    rising.session->train(false);
    return rising.method().losses(rising.look(step))[1].second.item<double>();
  };
  EXPECT_NEAR(at(per_epoch), 5 * std::log(2.0) / 4, 1e-5);
  EXPECT_NEAR(at(9 * per_epoch), 5 * std::log(2.0), 1e-5);
}

TEST(KnowledgeFlow, DependenceLetsTeachersGo) {
  Rig kept("knowledge_flow", teachers(2, {{"dependency", 0.0}}));
  Rig left("knowledge_flow", teachers(2, {{"dependency", 5.0}, {"rise", 0.0}}));
  EXPECT_NEAR(left.method().figures().at("weight.own"), 0.5, 1e-6);
  kept.steps(60);
  left.steps(60);
  EXPECT_GT(left.method().figures().at("weight.own"), 0.95);
  EXPECT_LT(kept.method().figures().at("weight.own"), 0.8);
}

TEST(KnowledgeFlow, ThePredictionIsHeldNearThatOfAStepAgo) {
  Rig flow("knowledge_flow", teachers(2));
  without_dropout(flow.target());
  flow.steps();
  const auto term = [&] { return flow.losses.terms.at(2).second.item<double>(); };
  EXPECT_EQ(flow.losses.terms.at(2).first, "kl");
  EXPECT_NEAR(term(), 0, 1e-7) << "nothing has moved before the first step";
  flow.steps();
  EXPECT_GT(term(), 1e-6);
}

/// Another run stops a step earlier: its network is the past of the first.
TEST(KnowledgeFlow, TheNetworkOfAStepAgoIsWhatItWas) {
  Rig now("knowledge_flow", teachers(2)), past("knowledge_flow", teachers(2));
  for (auto* rig : {&now, &past}) give_student(*rig, 1);  // so that its prediction is at hand
  now.steps(4);
  past.steps(3);
  auto was = past.target().parameters();
  for (const auto& buffer : past.target().buffers()) was.push_back(buffer);
  for (std::size_t i = 0; i < was.size(); ++i)
    EXPECT_TRUE(at::equal(now.buffer("past." + std::to_string(i)), was[i])) << i;

  const double term = now.term("kl");
  const torch::NoGradGuard no_grad;
  past.session->train(false);
  const auto batch = now.batch();
  const double wanted =
      kl_divergence(now.target()(batch).pred, past.target()(batch).pred).item<double>();
  EXPECT_GT(wanted, 1e-6);
  EXPECT_NEAR(term, wanted, 1e-4 * wanted);
}

/// A player acts with its teachers until they leave, and both count until then.
TEST(KnowledgeFlow, APlayerActsInCompany) {
  Rig flow("knowledge_flow", teachers(2, {{"leave", 1.0}}));
  const auto alone = flow.predicts();
  const auto own = flow.method().deployed().size();
  auto state = flow.buffer("alone");
  state.zero_();
  EXPECT_FALSE(at::allclose(flow.predicts(), alone));
  EXPECT_GT(flow.method().deployed().size(), own);
  give_student(flow, 1);
  EXPECT_TRUE(at::equal(flow.predicts(), alone));
  flow.steps(flow.session->data[0]->steps_per_epoch() + 1);
  EXPECT_EQ(flow.buffer("alone").item<std::int64_t>(), 1);
  EXPECT_EQ(flow.method().deployed().size(), own);
}

TEST(Inlet, MixesByWeightsThatSumToOne) {
  const torch::NoGradGuard no_grad;
  Inlet inlet(Shape{4, 6, 6}, std::vector<Shape>{{3, 12, 12}, {8}, {7, 5}, {2, 3, 3}}, 0.4);
  const auto weights = inlet->log_weights().exp();
  EXPECT_NEAR(weights.sum().item<double>(), 1, 1e-6);
  EXPECT_NEAR(weights[0].item<double>(), 0.4, 1e-6);
  EXPECT_NEAR(weights[3].item<double>(), 0.15, 1e-6);
  const auto own = torch::rand({2, 4, 6, 6});
  const std::vector<Tensor> given = {torch::rand({2, 3, 12, 12}), torch::rand({2, 8}),
                                     torch::rand({2, 7, 5}), torch::rand({2, 2, 3, 3})};
  const auto mixed = inlet->forward(own, given);
  ASSERT_EQ(mixed.sizes(), own.sizes());
  const auto names = inlet->named_parameters();
  const auto through = [&](int i, const Tensor& x) {  // [..., width] to [..., 4]
    const auto at = "transform." + std::to_string(i);
    return x.matmul(names[at + ".weight"].t()) + names[at + ".bias"];
  };
  auto sum = weights[0] * own;
  const auto windows = given[0].view({2, 3, 6, 2, 6, 2}).mean({3, 5}).movedim(1, 3);
  sum = sum + weights[1] * through(0, windows).movedim(3, 1);
  sum = sum + weights[2] * through(1, given[1]).view({2, 4, 1, 1});
  sum = sum + weights[3] * through(2, given[2].mean(1)).view({2, 4, 1, 1});
  const auto wide = given[3].repeat_interleave(2, 2).repeat_interleave(2, 3).movedim(1, 3);
  sum = sum + weights[4] * through(3, wide).movedim(3, 1);
  EXPECT_TRUE(at::allclose(mixed, sum, 1e-5, 1e-6));
}

TEST(Entrance, IsTheLastConvolutionOfItsShape) {
  const auto image = [](const std::string& name, Given given) {
    TaskSpec task;
    task.name = task.labels = "pictures", task.kind = "classification", task.outputs = 10;
    task.inputs = {{"image", {3, 16, 16}, "rgb", {}, {}}};
    task.categorical = true;
    Options options(std::move(given));
    return plugins().model(name, task, options);
  };
  const auto names = [](Model& model) {
    const auto card =
        measured(std::shared_ptr<Model>(&model, [](auto*) {}), "m", "m", Mode::kNone).party.model;
    std::vector<std::string> all;
    for (const auto& entrance : entrances(model, card.features))
      for (const auto& item : model.named_modules("", false))
        if (item.value().get() == entrance.convolution)
          all.push_back(std::to_string(entrance.place) + " " + item.key());
    return all;
  };
  EXPECT_THAT(names(*image("resnet", {{"depth", std::int64_t{14}}})),
              ElementsAre("1 layer1.1.conv2", "2 layer2.1.conv2", "3 layer3.1.conv2"));
  EXPECT_THAT(names(*image("mlp", {})), ElementsAre());
}

TEST(KnowledgeFlow, RefusesTasksWithoutClassesOrActions) {
  auto pairing = Rig("knowledge_flow", teachers(1)).pairing();
  const auto method = method_of("knowledge_flow");
  EXPECT_EQ(method->unsuited(pairing), "");
  pairing.task.kind = "regression";
  pairing.task.categorical = false;
  EXPECT_EQ(method->unsuited(pairing), "regression has no class distribution");
  pairing.task.kind = "control";
  EXPECT_THAT(method->unsuited(pairing), testing::HasSubstr("set `leave`"));
  EXPECT_EQ(method_of("knowledge_flow", {{"leave", 2.0}})->unsuited(pairing), "");
}

}  // namespace
}  // namespace ktb::run
