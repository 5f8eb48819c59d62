// Acting and learning from it: what the replay buffer keeps, what targets are, who is judged how.
#include "run/control/control_feed.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/tensor.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

#include "ktb/error.hpp"
#include "run/control/replay_buffer.hpp"

namespace ktb::run {
namespace {

using testing::HasSubstr, testing::UnorderedElementsAre;

/// Places 0 .. 4 in a row, start at 2 or 1, left or right; the right end pays 1 and is the end.
class Row final : public VectorEnvironment {
 public:
  void reset(Draws& draws) override { state_ = {static_cast<double>(draws.whole(1, 2))}; }
  Outcome step(double action, Draws&) override {
    state_[0] = std::clamp(state_[0] + action, 0.0, 4.0);
    const bool there = state_[0] == 4;
    return {there ? 1.0 : 0.0, there};
  }
};

class Rows final : public ControlDataset {
 public:
  explicit Rows(Options o) : ControlDataset(o, {"row", {1}, "row", "row", {-1, 1}, 6}) {}
  std::unique_ptr<Environment> environment() const override { return std::make_unique<Row>(); }
};

using Settings = std::map<std::string, Value>;

DataRequest request(std::uint64_t seed = 1) {
  DataRequest r;
  r.name = r.axis = "row";
  r.seed = seed;
  r.batch = 64;
  return r;
}

std::unique_ptr<ControlFeed> feed_of(const Settings& settings, const DataRequest& r = request()) {
  return std::make_unique<ControlFeed>(std::make_shared<Rows>(Options(settings)), DataFolder({}), r,
                                       at::kCPU);
}

/// Values s w and -s w of the actions left and right.
struct Player {
  Tensor w = at::tensor({1.0F});
  Actor actor() const {
    return {[w = w](const Batch& batch) {
              const auto value = batch.x.at("state") * w;
              return at::cat({value, -value}, 1);
            },
            [w = w] { return std::vector<Tensor>{w}; }};
  }
};

Tensor always(const Batch& batch, std::vector<float> row) {
  return at::tensor(row).repeat({batch.size(), 1});
}
Tensor right(const Batch& batch) { return always(batch, {0, 1}); }

/// state, reward, next, discount of all that a replay buffer holds.
std::vector<std::tuple<float, float, float, float>> contents(ReplayBuffer& replay) {
  const auto s = replay.draw(400);
  std::vector<std::tuple<float, float, float, float>> all;
  for (std::int64_t i = 0; i < s.state.size(0); ++i)
    all.emplace_back(s.state[i].item<float>(), s.reward[i].item<float>(), s.next[i].item<float>(),
                     s.discount[i].item<float>());
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

const World kNumber = {"number", {1}, "number", "number", {0, 1}, 10};

TEST(RewardQueue, AddsUpRewardsUntilTheEnd) {
  ReplayBuffer replay(kNumber, 10, 1);
  RewardQueue queue(2, 0.5);
  queue.step({0}, 0, {1, false, false}, {1}, replay);
  EXPECT_EQ(replay.size(), 0);
  queue.step({1}, 0, {2, false, false}, {2}, replay);
  queue.step({2}, 0, {4, true, false}, {3}, replay);
  using Entry = std::tuple<float, float, float, float>;
  EXPECT_THAT(contents(replay),
              UnorderedElementsAre(Entry{0, 2, 2, 0.25}, Entry{1, 4, 3, 0}, Entry{2, 4, 3, 0}));
}

TEST(RewardQueue, ACutEpisodeWouldHaveGoneOn) {
  ReplayBuffer replay(kNumber, 10, 1);
  RewardQueue queue(2, 0.5);
  queue.step({0}, 0, {1, false, false}, {1}, replay);
  queue.step({1}, 0, {2, false, true}, {2}, replay);
  using Entry = std::tuple<float, float, float, float>;
  EXPECT_THAT(contents(replay), UnorderedElementsAre(Entry{0, 2, 2, 0.25}, Entry{1, 2, 2, 0.5}));
}

TEST(ReplayBuffer, ForgetsTheOldest) {
  ReplayBuffer replay(kNumber, 2, 1);
  for (float i = 0; i < 3; ++i) replay.put({{i}, 0, 0, {i + 1}, 1});
  using Entry = std::tuple<float, float, float, float>;
  EXPECT_THAT(contents(replay), UnorderedElementsAre(Entry{1, 0, 2, 1}, Entry{2, 0, 3, 1}));
}

TEST(ReplayBuffer, GridsComeBackAsTheyWere) {
  ReplayBuffer replay({"grid", {1, 2, 2}, "grid", "grid", {0, 1}, 10}, 4, 1);
  replay.put({{1, 0, 0, 1}, 1, 0.5, {0, 1, 1, 0}, 0.9});
  const auto sample = replay.draw(1);
  EXPECT_TRUE(at::equal(sample.state, at::tensor({1.0F, 0.0F, 0.0F, 1.0F}).view({1, 1, 2, 2})));
  EXPECT_TRUE(at::equal(sample.next, at::tensor({0.0F, 1.0F, 1.0F, 0.0F}).view({1, 1, 2, 2})));
}

/// The target network stays what it was in the first step.
const Settings kOneStep = {
    {"sync", std::int64_t{1000}}, {"n_step", std::int64_t{1}}, {"gamma", 0.5}};

TEST(ControlFeed, TargetsChooseByLiveWeightsAndValueByPastOnes) {
  Player player;
  const auto feed = feed_of(kOneStep);
  feed->follow(player.actor());
  feed->train_batch(0);
  player.w.fill_(-1);  // now right is the better action, which the past thinks worth -s
  const auto batch = feed->train_batch(1);
  const auto move = batch.y.at("action") * 2 - 1;
  const auto next = (batch.x.at("state").squeeze(1) + move).clamp(0, 4);
  const auto there = next.eq(4).to(at::kFloat);
  EXPECT_GT(there.sum().item<float>(), 0);
  EXPECT_TRUE(at::equal(batch.y.at("td_target"), there - 0.5 * (1 - there) * next));
  EXPECT_EQ(player.w.item<float>(), -1);
}

TEST(ControlFeed, WithoutDoubleLearningThePastChoosesToo) {
  Player player;
  auto settings = kOneStep;
  settings["double_q"] = false;
  const auto feed = feed_of(settings);
  feed->follow(player.actor());
  feed->train_batch(0);
  player.w.fill_(-1);
  const auto batch = feed->train_batch(1);
  const auto next = (batch.x.at("state").squeeze(1) + batch.y.at("action") * 2 - 1).clamp(0, 4);
  const auto there = next.eq(4).to(at::kFloat);
  EXPECT_TRUE(at::equal(batch.y.at("td_target"), there + 0.5 * (1 - there) * next));
}

TEST(ControlFeed, OneSeedOneHistory) {
  const auto batches = [](std::uint64_t seed) {
    Player player;
    const auto feed = feed_of({}, request(seed));
    feed->follow(player.actor());
    std::vector<Tensor> all;
    for (int step = 0; step < 5; ++step) all.push_back(feed->train_batch(step).x.at("state"));
    return at::cat(all);
  };
  EXPECT_TRUE(at::equal(batches(1), batches(1)));
  EXPECT_FALSE(at::equal(batches(1), batches(2)));
}

TEST(ControlFeed, ActsAsOftenAsItSays) {
  Player player;
  const auto feed = feed_of({{"copies", std::int64_t{4}},
                             {"warmup", std::int64_t{100}},
                             {"transitions", std::int64_t{2}}});
  feed->follow(player.actor());
  for (int step = 0; step < 6; ++step) feed->train_batch(step);
  EXPECT_EQ(feed->transitions(), 100 + 6 * 2);
}

TEST(ControlFeed, PolicyIsPaidWhatFollowsAndWhatACutLeaves) {
  const auto feed = feed_of({{"learner", "ppo"},
                             {"copies", std::int64_t{4}},
                             {"horizon", std::int64_t{16}},
                             {"gamma", 1.0},
                             {"gae", 1.0}});
  feed->follow({[](const Batch& batch) {
                  return always(batch, {0, 0, 10});
                },
                [] { return std::vector<Tensor>(); }});
  const auto batch = feed->train_batch(0);
  const auto paid = batch.y.at("value_target");
  EXPECT_EQ(paid.numel(), 64);
  const auto end = (paid - 1).abs().lt(1e-4), cut = (paid - 10).abs().lt(1e-4);
  EXPECT_TRUE(end.logical_or(cut).all().item<bool>()) << paid;
  EXPECT_TRUE(end.any().item<bool>() && cut.any().item<bool>());
  EXPECT_NEAR(batch.y.at("log_prob")[0].item<float>(), std::log(0.5), 1e-6);
  EXPECT_NEAR(batch.y.at("advantage").mean().item<float>(), 0, 1e-5);
  EXPECT_NEAR(batch.y.at("advantage").std().item<float>(), 1, 1e-4);
}

TEST(ControlFeed, GathersAnewAfterItsPasses) {
  const auto feed = feed_of({{"learner", "ppo"},
                             {"copies", std::int64_t{4}},
                             {"horizon", std::int64_t{32}},
                             {"passes", std::int64_t{2}}});
  feed->follow({[](const Batch& batch) {
                  return always(batch, {0, 0, 0});
                },
                [] { return std::vector<Tensor>(); }});
  for (int step = 0; step < 4; ++step) feed->train_batch(step);
  EXPECT_EQ(feed->transitions(), 128);
  feed->train_batch(4);
  EXPECT_EQ(feed->transitions(), 256);
}

TEST(ControlFeed, TestEpisodesAreTheSameForAllSeeds) {
  const auto one = feed_of({}), other = feed_of({}, request(2));
  const auto chance = one->floor().at("chance");
  EXPECT_EQ(chance, other->floor().at("chance"));
  EXPECT_GT(chance, 0.1);
  EXPECT_LT(chance, 0.9);
  const auto meter = one->judge(Feed::Part::kTest, right);
  EXPECT_EQ(meter->metrics().at("return"), 1);
  EXPECT_EQ(meter->metrics().at("return_sd"), 0);
  EXPECT_EQ(meter->metrics().at("episodes"), 100);
  const auto better = meter->correct();
  EXPECT_EQ(std::count(better.begin(), better.end(), true), std::lround(100 * (1 - chance)));
}

TEST(ControlFeed, ValidationIsACountOrAShareOfTheTest) {
  auto r = request();
  r.test = 40;
  r.validation = 0.1;
  EXPECT_EQ(feed_of({}, r)->test_size(), 40);
  EXPECT_EQ(feed_of({}, r)->validation_size(), 4);
  r.validation = 7;
  EXPECT_EQ(feed_of({}, r)->judge(Feed::Part::kValidation, right)->metrics().at("episodes"), 7);
}

TEST(ControlFeed, WhatOnlyExamplesHaveIsRefused) {
  auto r = request();
  r.train = 100;
  EXPECT_THROW(
      {
        try {
          feed_of({}, r);
        } catch (const Error& error) {
          EXPECT_THAT(error.what(), HasSubstr("train has no meaning for row"));
          throw;
        }
      },
      Error);
  r = request();
  r.augment = {"flip"};
  EXPECT_THROW(feed_of({}, r), Error);
  r = request();
  r.labels = 0.5;
  EXPECT_THROW(feed_of({}, r), Error);
}

}  // namespace
}  // namespace ktb::run
