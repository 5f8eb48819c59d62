// What MergeNet has beyond its authors' code: when it may write, a gate that opens by learning, and
// the diagnosis of what it does to a matrix.
#include <ATen/ops/equal.h>
#include <ATen/ops/eye.h>
#include <gmock/gmock.h>

#include <map>
#include <string>
#include <vector>

#include "methods/mergenet/adapter.hpp"
#include "plugins/methods/mergenet_twin.hpp"
#include "run/tiny.hpp"

namespace ktb::run {
namespace {

using MergeNetOptions = std::map<std::string, Value>;
using testing::ElementsAre;

/// Steps without training in which the weight was written, out of six.
std::vector<int> written_in(const MergeNetOptions& options, int* updates) {
  Rig rig(tiny("mergenet", options, 0));
  rig.on_update = [&] { ++*updates; };
  const auto weight = rig.target().site("hidden.weight");
  std::vector<int> steps;
  for (int i = 0; i < 6; ++i) {
    const auto last = weight.detach().clone();
    rig.steps();
    if (!at::equal(weight, last)) steps.push_back(i);
  }
  return steps;
}

TEST(MergeNetOurs, WritesFromOneStepToAnother) {
  int updates = 0;
  EXPECT_THAT(
      written_in(
          {{"f", std::int64_t{1}}, {"write_from", std::int64_t{2}}, {"write_to", std::int64_t{4}}},
          &updates),
      ElementsAre(2, 3));
  EXPECT_EQ(updates, 4) << "the adapter learns before it writes, and not when it is done";
}

TEST(MergeNetOurs, StepsThatDoOtherThingsHaveOtherKeys) {
  Rig rig(tiny("mergenet", {{"write_from", std::int64_t{2}}, {"write_to", std::int64_t{4}}}, 0));
  const auto key = [&](std::int64_t step) { return rig.method().graph_key(step); };
  EXPECT_NE(key(0), key(1));
  EXPECT_NE(key(0), key(2));
  EXPECT_EQ(key(1), key(4)) << "the adapter takes no part in either";
}

TEST(MergeNetOurs, AGateIsClosedAtFirstAndLearns) {
  Rig rig(tiny(
      "mergenet",
      {{"dropout", 0.0}, {"rescale", std::string("none")}, {"write_mode", std::string("gate")}},
      10));
  rig.method().eval();
  const auto weight = rig.target().site("hidden.weight");
  const auto old = weight.detach().clone(), given = rig.source().site("fc.weight").detach();
  const auto made = twin(rig.method(), "adapter", old, given)(old, given).detach();
  const auto gate = rig.method().named_parameters()["adapter.gate"];
  double gradient = 0, expected = 0;
  rig.on_update = [&] {
    // It was written as it was, so what is gone from `old` is what training took.
    expected = ((old - weight.detach()) * (made - old)).sum().item<double>();
    gradient = gate.grad().item<double>();
  };
  EXPECT_EQ(gate.item<double>(), 0);
  rig.step_as_it_is();
  EXPECT_NE(expected, 0);
  EXPECT_NEAR(gradient, expected, 1e-4 * std::abs(expected));
}

/// Of the tiny pair after that many steps.
std::map<std::string, double> diagnosis(const MergeNetOptions& options, int steps) {
  Rig rig(tiny("mergenet", options, 0));
  for (int i = 0; i < steps; ++i) rig.steps();
  return rig.session->figures();
}

TEST(MergeNetOurs, DiagnosisSaysWhatMovedTheMatrix) {
  const auto before = diagnosis({}, 0);
  EXPECT_EQ(before.at("adapter.moved.transfer"), 0);
  const auto after = diagnosis({{"f", std::int64_t{1}}}, 1);
  EXPECT_GT(after.at("adapter.moved.transfer"), 0.1);
  EXPECT_EQ(after.at("adapter.moved.step"), 0) << "no rate, so no training";
  EXPECT_GT(after.at("adapter.attention_entropy"), 0.5);
  EXPECT_LE(after.at("adapter.attention_entropy"), 1 + 1e-6);
  EXPECT_GE(after.at("adapter.stable_rank"), 1 - 1e-9);
}

TEST(MergeNetOurs, StableRankOfKnownMatrices) {
  Rig rig(tiny("mergenet", {}, 0));
  const auto weight = rig.target().site("hidden.weight");
  const auto rows = std::min(weight.size(0), weight.size(1));
  const at::NoGradGuard no_grad;
  weight.copy_(at::eye(weight.size(0), weight.size(1)));
  EXPECT_NEAR(rig.session->figures().at("adapter.stable_rank"), static_cast<double>(rows), 1e-6);
  weight.fill_(3);
  EXPECT_NEAR(rig.session->figures().at("adapter.stable_rank"), 1, 1e-6);
}

}  // namespace
}  // namespace ktb::run
