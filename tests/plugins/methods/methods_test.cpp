// What methods must do whatever their formulas are; the formulas themselves are held against stored
// tensors by `ktbench plugin check`.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "run/tiny.hpp"

namespace ktb::run {
namespace {

std::vector<Tensor> trained(const std::string& name, std::map<std::string, Value> options) {
  Rig rig(tiny(name, std::move(options)));
  rig.steps(3);
  return rig.target().parameters();
}

TEST(Methods, WithoutWeightEqualScratch) {
  const auto plain = trained("scratch", {});
  const std::map<std::string, std::map<std::string, Value>> cases = {
      {"kd", {{"ce_weight", 1.0}, {"kd_weight", 0.0}}},
      {"dkd", {{"alpha", 0.0}, {"beta", 0.0}}},
      {"fitnet", {{"hint_weight", 0.0}}},
      {"rkd", {{"rkd_weight", 0.0}}}};
  for (const auto& [name, options] : cases) {
    const auto weights = trained(name, options);
    for (std::size_t i = 0; i < plain.size(); ++i)
      EXPECT_TRUE(at::equal(weights[i], plain[i])) << name << ", parameter " << i;
  }
}

TEST(Methods, FineTuningFromOneselfEqualsScratch) {
  const auto plain = trained("scratch", {});
  auto setting = tiny("finetune");
  setting.source = tiny_model(8, 1);
  Rig rig(setting);
  rig.steps(3);
  const auto weights = rig.target().parameters();
  for (std::size_t i = 0; i < plain.size(); ++i) EXPECT_TRUE(at::equal(weights[i], plain[i])) << i;
}

TEST(Methods, WithWeightDifferFromScratch) {
  const auto plain = trained("scratch", {});
  for (const auto* name : {"kd", "dkd", "fitnet", "rkd", "share", "mergenet"})
    EXPECT_FALSE(at::equal(trained(name, {})[0], plain[0])) << name;
}

TEST(Methods, NothingIsToBeLearntFromOneself) {
  for (const auto& [name, terms] : std::map<std::string, std::vector<std::string>>{
           {"kd", {"kd"}}, {"dkd", {"tckd", "nckd"}}, {"rkd", {"distance", "angle"}}}) {
    auto setting = tiny(name);
    setting.source = tiny_model(8, 1);
    Rig rig(setting);
    for (const auto& term : terms) EXPECT_NEAR(rig.term(term), 0, 1e-5) << name << ": " << term;
  }
}

TEST(Methods, OneAndTwoExamplesAreEnough) {
  for (const std::int64_t batch : {1, 2})
    for (const auto* name : {"kd", "dkd", "rkd", "fitnet"}) {
      Rig rig(tiny(name, {}, 0.1, 12, batch));
      EXPECT_TRUE(std::isfinite(rig.steps())) << name << " with " << batch;
      for (const auto& parameter : rig.target().parameters())
        EXPECT_TRUE(parameter.isfinite().all().item<bool>()) << name << " with " << batch;
    }
}

TEST(Methods, SayWhatDoesNotSuitThem) {
  auto pairing = Rig(tiny("rkd")).pairing();
  pairing.sources[0].task.labels = "others";
  EXPECT_EQ(method_of("kd")->unsuited(pairing), "label spaces differ: others and tiny");
  EXPECT_EQ(method_of("rkd")->unsuited(pairing), "");
  const auto fitnet = method_of("fitnet");
  EXPECT_EQ(fitnet->unsuited(pairing), "");
  pairing.sources[0].model.features[2] = {12};
  EXPECT_EQ(fitnet->unsuited(pairing), "feature 2 of source is not a map");
  pairing.sources[0].model.features.resize(1);
  EXPECT_EQ(fitnet->unsuited(pairing), "source has no feature map 2");
}

}  // namespace
}  // namespace ktb::run
