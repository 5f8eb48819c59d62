// Deep Q-learning: double targets (arXiv 1509.06461), a target network, a replay buffer.
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <string>
#include <utility>

#include "core/base/seed.hpp"
#include "run/control/learner.hpp"
#include "run/control/replay_buffer.hpp"

namespace ktb::run {
namespace {

/// Weights of a while ago, which for a moment take the place of the live ones.
class PastWeights {
 public:
  void remember(const std::vector<Tensor>& live) {
    const torch::NoGradGuard no_grad;
    if (past_.empty())
      for (const auto& tensor : live) past_.push_back(tensor.detach().clone());
    for (std::size_t i = 0; i < live.size(); ++i) past_[i].copy_(live[i]);
  }
  void snapshot(Snapshot snapshot, const std::vector<Tensor>& live) {
    auto count = static_cast<std::int64_t>(past_.size());
    snapshot("count", count);
    if (snapshot.restoring() && count > 0) remember(live);
    for (std::size_t i = 0; i < past_.size(); ++i) snapshot.in_place(std::to_string(i), past_[i]);
  }
  /// Exchanges storages, so calling it twice leaves all as it was.
  void trade(std::vector<Tensor>& live) {
    for (std::size_t i = 0; i < live.size(); ++i) {
      const auto now = live[i].detach();
      live[i].set_data(past_[i]);
      past_[i] = now;
    }
  }

 private:
  std::vector<Tensor> past_;
};

class Dqn final : public Learner {
 public:
  Dqn(const LearnerPlace& place, Actor actor)
      : place_(place),
        how_(place.set.learning()),
        actor_(std::move(actor)),
        live_(actor_.weights()),
        replay_(place.set.world(), how_.memory, core::axis_seed({place.axis, "memory"})),
        dice_(core::axis_seed({place.axis, "explore"})) {
    for (std::int64_t i = 0; i < how_.copies; ++i) {
      runners_.emplace_back(place.set, core::axis_seed({place.axis, "copy"}, i));
      queues_.emplace_back(how_.n_step, how_.gamma);
    }
  }

  Batch next() override {
    while (transitions_ < how_.warmup) act();
    for (due_ += how_.transitions; due_ >= how_.copies; due_ -= how_.copies) act();
    if (steps_++ % how_.sync == 0) past_.remember(live_);
    const auto sample = replay_.draw(place_.batch);
    Batch batch;
    batch.x["state"] = sent(sample.state, place_.device);
    batch.y["action"] = sent(sample.action, place_.device);
    batch.y["td_target"] = targets(sample);
    return batch;
  }

  std::int64_t transitions() const override { return transitions_; }

  void snapshot(Snapshot snapshot) override {
    snapshot("transitions", transitions_);
    snapshot("due", due_);
    snapshot("steps", steps_);
    snapshot("dice", dice_);
    past_.snapshot(snapshot.in("past"), live_);
    replay_.snapshot(snapshot.in("replay"));
    for (std::size_t i = 0; i < runners_.size(); ++i) {
      runners_[i].snapshot(snapshot.in("runner" + std::to_string(i)));
      queues_[i].snapshot(snapshot.in("queue" + std::to_string(i)));
    }
  }

 private:
  Tensor values(const Batch& batch) const { return place_.kind.logits(actor_.predict(batch)); }

  Tensor targets(const ReplayBuffer::Sample& sample) {
    Batch next;
    next.x["state"] = sent(sample.next, place_.device);
    const auto now = how_.double_q ? values(next) : Tensor();
    past_.trade(live_);
    const auto past = values(next);
    past_.trade(live_);
    const auto choice = (now.defined() ? now : past).argmax(1, /*keepdim=*/true);
    return sent(sample.reward, place_.device) +
           sent(sample.discount, place_.device) * past.gather(1, choice).squeeze(1);
  }

  /// One step of every runner.
  void act() {
    const auto best = greedy();
    const auto most = static_cast<std::int64_t>(place_.set.world().actions.size()) - 1;
    const double share = exploration();
    for (std::size_t i = 0; i < runners_.size(); ++i) {
      const bool random = dice_.uniform() < share;
      const auto action = random ? dice_.whole(0, most) : best[i];
      auto before = runners_[i].observation();
      const auto end = runners_[i].step(action);
      queues_[i].step(std::move(before), action, end, runners_[i].observation(), replay_);
      if (end.over()) runners_[i].begin();
    }
    transitions_ += how_.copies;
  }

  double exploration() const {
    if (transitions_ < how_.warmup) return 1;
    const double way = static_cast<double>(transitions_) / static_cast<double>(how_.explore_over);
    return std::max(how_.explore, 1 - (1 - how_.explore) * way);
  }

  /// The best known action of each runner; during the warm-up, which is random, any.
  std::vector<std::int64_t> greedy() const {
    if (transitions_ < how_.warmup) return std::vector<std::int64_t>(runners_.size());
    std::vector<const Observation*> observations;
    for (const auto& runner : runners_) observations.push_back(&runner.observation());
    const auto best = values(batch_of(observations, place_.set.world(), place_.device))
                          .argmax(1)
                          .cpu()
                          .contiguous();
    return {best.const_data_ptr<std::int64_t>(),
            best.const_data_ptr<std::int64_t>() + best.numel()};
  }

  LearnerPlace place_;
  const Learning& how_;
  Actor actor_;
  std::vector<Tensor> live_;
  PastWeights past_;
  ReplayBuffer replay_;
  SeededDraws dice_;
  std::vector<EpisodeRunner> runners_;
  std::vector<RewardQueue> queues_;
  std::int64_t transitions_ = 0, due_ = 0, steps_ = 0;
};

}  // namespace

std::unique_ptr<Learner> make_dqn(const LearnerPlace& place, Actor actor) {
  return std::make_unique<Dqn>(place, std::move(actor));
}

std::unique_ptr<Learner> make_learner(const LearnerPlace& place, Actor actor) {
  const bool ppo = place.set.learning().learner == "ppo";
  return (ppo ? make_ppo : make_dqn)(place, std::move(actor));
}

}  // namespace ktb::run
