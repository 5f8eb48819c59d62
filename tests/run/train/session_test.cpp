// What all methods of a seed share, and what a record must not depend on.
#include <ATen/ops/equal.h>
#include <gmock/gmock.h>

#include <map>
#include <string>

#include "core/base/version.hpp"
#include "ktb/abi.hpp"
#include "run/train/build.hpp"
#include "run/train/step.hpp"

namespace ktb::run {
namespace {

using core::Json;

Json task() {
  return {{"dataset", "shapes"}, {"plugin", "shapes"}, {"options", Json::object()},
          {"train", 0},          {"test", 0},          {"augment", {"flip"}},
          {"labels", 1.0},       {"hash", ""},         {"task", ""}};
}

Json model(int width) {
  return {{"name", "mlp"}, {"plugin", "mlp"},       {"options", {{"width", width}}},
          {"weights", ""}, {"from", Json::array()}, {"into", Json::array()}};
}

/// A trial of one method; its source starts fresh, so that no other trial is needed.
Json spec(const std::string& method, const std::string& mode, std::uint64_t seed) {
  Json recipe = {{"epochs", 1},
                 {"steps", 0},
                 {"batch", 32},
                 {"optimizer", {{"name", "sgd"}, {"lr", 0.1}, {"momentum", 0.9}}},
                 {"schedule", {{"name", "constant"}}},
                 {"clip", 0},
                 {"precision", "fp32"},
                 {"validation", 0.0},
                 {"select", "last"},
                 {"channels_last", true}};
  auto source = model(32);
  source["mode"] = mode;
  source["trial"] = "";
  source["task"] = task();
  return {{"id", method},
          {"key", method},
          {"seed", seed},
          {"axes", Json::object()},
          {"task", task()},
          {"target", model(16)},
          {"sources", method == "scratch" ? Json::array() : Json::array({source})},
          {"method", {{"name", method}, {"plugin", method}, {"options", Json::object()}}},
          {"plus", Json::array()},
          {"recipe", recipe}};
}

class Sessions : public testing::Test {
 protected:
  std::unique_ptr<Session> session(const std::string& method, std::uint64_t seed = 0) {
    const std::string mode = method == "mergenet" || method == "share" ? "fresh-joint" : "trained";
    return build_session(spec(method, mode, seed), {core::TrialFolder("."), {}, at::kCPU}, registry_);
  }

  Registry registry_{{KTB_PLUGIN_DIR, KTB_TEST_PLUGIN_DIR}};
};

TEST_F(Sessions, AllMethodsOfASeedStartFromTheSameWeights) {
  const auto alone = session("scratch");
  const auto expected = alone->transfer.target->named_parameters();
  for (const char* method : {"kd", "dkd", "rkd", "share", "mergenet"}) {
    const auto other = session(method);
    for (const auto& item : other->transfer.target->named_parameters())
      EXPECT_TRUE(at::equal(item.value(), expected[item.key()])) << method << " " << item.key();
  }
  const auto otherwise = session("scratch", 1);
  EXPECT_FALSE(at::equal(otherwise->transfer.target->parameters()[0],
                         alone->transfer.target->parameters()[0]));
}

TEST_F(Sessions, AllMethodsOfASeedSeeTheSameBatches) {
  const auto alone = session("scratch"), other = session("mergenet");
  for (const std::int64_t step : {0, 1, 5, 8}) {
    const auto a = alone->data[0]->train_batch(step), b = other->data[0]->train_batch(step);
    EXPECT_TRUE(at::equal(a.index, b.index)) << step;
    EXPECT_TRUE(at::equal(a.x.at("image"), b.x.at("image"))) << step;
  }
}

TEST_F(Sessions, TheSameTrialTwiceGivesTheSameBytes) {
  for (const char* method : {"scratch", "kd", "mergenet"}) {
    std::map<std::string, Tensor> first;
    for (int round = 0; round < 2; ++round) {
      const auto live = session(method);
      live->train(true);
      LiveStep step(*live);
      for (std::int64_t at = 0; at < 4; ++at) {
        step.begin(at);
        train_step(*live, step);
      }
      for (const auto& [name, tensor] : live->state()) {
        if (round == 0) {
          first[name] = tensor.detach().clone();
        } else {
          EXPECT_TRUE(at::equal(first.at(name), tensor)) << method << " " << name;
        }
      }
    }
  }
}

TEST_F(Sessions, OutputsOfAFrozenSourceAreKeptWhereItsInputsRepeat) {
  auto plain = spec("kd", "trained", 0);
  plain["task"]["augment"] = plain["sources"][0]["task"]["augment"] = Json::array();
  const auto live = build_session(plain, {core::TrialFolder("."), {}, at::kCPU}, registry_);
  live->train(true);
  LiveStep step(*live);
  const auto per_epoch = live->data[0]->steps_per_epoch();
  for (std::int64_t at = 0; at < per_epoch; ++at) {
    step.begin(at);
    train_step(*live, step);
  }
  const torch::NoGradGuard no_grad;  // a change that shows whether the source was asked again
  for (auto& parameter : live->transfer.sources[0]->parameters()) parameter.zero_();
  step.begin(per_epoch);
  step.enter(LiveStep::Phase::kLosses);
  EXPECT_GT(step.source().pred.abs().max().item<float>(), 0);
}

TEST(Version, HoldsTheAbiKeysOfBothSidesTogether) { EXPECT_EQ(core::host_abi(), KTB_ABI_KEY); }

}  // namespace
}  // namespace ktb::run
