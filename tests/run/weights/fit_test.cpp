#include "run/weights/fit.hpp"

#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <gmock/gmock.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/linear.h>

#include <limits>

#include "ktb/error.hpp"
#include "run/weights/safetensors.hpp"

namespace ktb::run {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::ThrowsMessage;

struct Net : torch::nn::Module {
  Net() {
    trunk = register_module("trunk", torch::nn::BatchNorm1d(3));
    fc = register_module("fc", torch::nn::Linear(3, 2));
  }
  torch::nn::BatchNorm1d trunk{nullptr};
  torch::nn::Linear fc{nullptr};
};

using Named = std::vector<std::pair<std::string, Tensor>>;

/// A file of these tensors, at places of their own unless they are one.
WeightsFile file_of(const Named& tensors) {
  WeightsFile file{.path = "/w/net.pth"};
  for (const auto& [name, tensor] : tensors)
    file.tensors.push_back({name, tensor.scalar_type(), tensor.sizes().vec(),
                            std::to_string(reinterpret_cast<std::uintptr_t>(tensor.data_ptr())),
                            [tensor = tensor] { return tensor; }});
  return file;
}

/// A whole network whose numbers are `value`.
Named network(const std::string& prefix, double value) {
  return {{prefix + "trunk.weight", at::full({3}, value)},
          {prefix + "trunk.bias", at::full({3}, value)},
          {prefix + "trunk.running_mean", at::full({3}, value)},
          {prefix + "trunk.running_var", at::full({3}, value)},
          {prefix + "fc.weight", at::full({2, 3}, value)},
          {prefix + "fc.bias", at::full({2}, value)}};
}

Named joined(Named a, const Named& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

Named without(Named all, const std::string& name) {
  std::erase_if(all, [&](const auto& one) { return one.first == name; });
  return all;
}

Named with(Named all, const std::string& name, const Tensor& tensor) {
  for (auto& [known, own] : all)
    if (known == name) own = tensor;
  return all;
}

void expect_refused(const Named& tensors, const testing::Matcher<std::string>& why,
                    const std::string& head = "fc", const std::string& prefix = {}) {
  Net net;
  const auto before = net.trunk->weight.clone();
  EXPECT_THAT([&] { load_weights(net, file_of(tensors), prefix, head); },
              ThrowsMessage<Error>(AllOf(HasSubstr("/w/net.pth"), why)));
  EXPECT_TRUE(at::equal(net.trunk->weight, before)) << "nothing is copied of what does not fit";
}

TEST(Fit, FindsTheNetworkBehindAnyPrefix) {
  for (const char* prefix : {"", "module.", "state_dict.module.", "model.encoder.net."}) {
    Net net;
    EXPECT_THAT(load_weights(net, file_of(network(prefix, 5)), "", "fc"), IsEmpty()) << prefix;
    EXPECT_TRUE(at::equal(net.trunk->weight, at::full({3}, 5.)));
    EXPECT_TRUE(at::equal(net.fc->weight, at::full({2, 3}, 5.)));
    EXPECT_EQ(fit_weights(net, file_of(network(prefix, 5))).prefix, prefix);
  }
}

TEST(Fit, ConvertsHalfAndDouble) {
  for (const auto type : {at::kHalf, at::kBFloat16, at::kDouble}) {
    Net net;
    load_weights(net, file_of(with(network("", 2), "fc.weight", at::full({2, 3}, 7., type))));
    EXPECT_TRUE(at::equal(net.fc->weight, at::full({2, 3}, 7.)));
  }
}

TEST(Fit, TakesTheOneThatIsAskedForOfTwo) {
  const auto two = joined(network("encoder_q.", 1), network("encoder_k.", 2));
  expect_refused(two, AllOf(HasSubstr("2 networks of this shape are in it, below `encoder_k`, "
                                      "`encoder_q`"),
                            HasSubstr("prefix = \"encoder_k\"")));
  for (const char* prefix : {"encoder_k", "encoder_k."}) {
    Net net;
    EXPECT_THAT(load_weights(net, file_of(two), prefix, "fc"), IsEmpty());
    EXPECT_TRUE(at::equal(net.fc->bias, at::full({2}, 2.)));
  }
  expect_refused(two,
                 AllOf(HasSubstr("nothing of the model's is below `encoder`"),
                       HasSubstr("below `encoder_k`, `encoder_q`")),
                 "fc", "encoder");
}

TEST(Fit, ANetworkBesideItsRunningMeanIsNotGuessed) {
  expect_refused(
      joined(network("", 1), network("ema.", 2)),
      HasSubstr("below `.`, `ema`; say which: weights = { file = \"...\", prefix = \".\" }"));
  Net net;
  load_weights(net, file_of(joined(network("", 1), network("ema.", 2))), ".", "fc");
  EXPECT_TRUE(at::equal(net.fc->bias, at::full({2}, 1.)));
  // Another head makes no difference: either trunk may be meant.
  expect_refused(joined(network("student.", 1), without(network("teacher.", 2), "teacher.fc.bias")),
                 HasSubstr("2 networks"));
}

TEST(Fit, OneNetworkUnderTwoNamesIsOne) {
  const auto model = network("", 3);
  Named twice;
  for (const auto& [name, tensor] : model) {
    twice.emplace_back("model." + name, tensor);
    twice.emplace_back("copy." + name, tensor);
  }
  Net net;
  EXPECT_THAT(load_weights(net, file_of(twice), "", "fc"), IsEmpty());
  EXPECT_TRUE(at::equal(net.fc->bias, at::full({2}, 3.)));
}

TEST(Fit, TheHeadMayLieBesideTheTrunk) {
  Named file;
  for (const auto& [name, tensor] : network("", 4))
    file.emplace_back(name.starts_with("fc") ? name : "bert." + name, tensor);
  Net net;
  EXPECT_THAT(load_weights(net, file_of(file), "", "fc"), IsEmpty());
  EXPECT_TRUE(at::equal(net.fc->weight, at::full({2, 3}, 4.)));
  file.emplace_back("pre_classifier.weight", at::ones({3, 3}));
  EXPECT_THAT(load_weights(net, file_of(file), "", "fc"),
              ElementsAre("net.pth has 1 tensor that the model lacks: pre_classifier.weight"));
}

TEST(Fit, AHeadIsTakenWholeOrNotAtAll) {
  Net net;
  const auto before = net.fc->weight.clone();
  const auto other = with(network("", 1), "fc.weight", at::zeros({9, 3}));
  EXPECT_THAT(load_weights(net, file_of(other), "", "fc"),
              ElementsAre("its head is not from net.pth: fc.weight has shape [9, 3], the model's "
                          "[2, 3]"));
  EXPECT_THAT(load_weights(net, file_of(without(network("", 1), "fc.bias")), "", "fc"),
              ElementsAre(HasSubstr("fc.bias [2] is missing")));
  EXPECT_TRUE(at::equal(net.fc->weight, before));
  EXPECT_TRUE(at::equal(net.trunk->weight, at::ones({3})));
  auto renamed = without(without(network("", 1), "fc.bias"), "fc.weight");
  renamed.emplace_back("classifier.weight", at::ones({2, 3}));
  EXPECT_THAT(fit_weights(net, file_of(renamed), "", "fc").head,
              testing::Contains("fc.weight [2, 3] is missing (the file's classifier.weight has "
                                "this shape)"));
}

TEST(Fit, ReadsOldNamesAndPassesOverCounters) {
  Named old;
  for (auto [name, tensor] : network("", 6)) {
    if (name == "trunk.weight") name = "trunk.gamma";
    if (name == "trunk.bias") name = "trunk.beta";
    old.emplace_back(name, tensor);
  }
  old.emplace_back("embeddings.position_ids", at::ones({1, 8}, at::kLong));
  Net net;
  EXPECT_THAT(load_weights(net, file_of(old), "", "fc"), IsEmpty());
  EXPECT_TRUE(at::equal(net.trunk->bias, at::full({3}, 6.)));
}

TEST(Fit, SaysWhatIsLeftOfADeeperNetwork) {
  Net net;
  EXPECT_THAT(
      load_weights(net, file_of(joined(network("", 1), {{"layer4.conv.weight", at::ones({4})}}))),
      ElementsAre("net.pth has 1 tensor that the model lacks: layer4.conv.weight"));
}

TEST(Fit, NamesBothShapesOfWhatDoesNotFit) {
  expect_refused(
      without(with(network("net.", 1), "net.trunk.weight", at::ones({8})), "net.trunk.bias"),
      AllOf(HasSubstr("trunk.weight has shape [8], the model's [3]"),
            HasSubstr("trunk.bias [3] is missing")));
  expect_refused({{"a", at::ones({2})}, {"b.c", at::ones({1, 5})}},
                 AllOf(HasSubstr("no name of the model's is in it"), HasSubstr("a [2], b.c [1, 5]"),
                       HasSubstr("trunk.weight [3]")));
}

TEST(Fit, RefusesNumbersOfAnotherKind) {
  expect_refused(with(network("", 1), "trunk.weight", at::ones({3}, at::kChar)),
                 HasSubstr("trunk.weight holds Char, the model's Float: quantised numbers mean "
                           "nothing without their scales"));
  expect_refused(with(network("", 1), "trunk.weight", at::ones({3}).to(at::kFloat8_e4m3fn)),
                 HasSubstr("trunk.weight holds Float8_e4m3fn"));
  expect_refused(with(network("", 1), "trunk.weight", at::ones({3}, at::kComplexFloat)),
                 HasSubstr("trunk.weight holds ComplexFloat"));
}

TEST(Fit, RefusesWhatIsNotFinite) {
  Net net;
  const auto bad =
      with(network("", 1), "trunk.bias", at::full({3}, std::numeric_limits<double>::quiet_NaN()));
  EXPECT_THAT([&] { load_weights(net, file_of(bad)); },
              ThrowsMessage<Error>(HasSubstr("trunk.bias holds numbers that are not finite")));
}

}  // namespace
}  // namespace ktb::run
