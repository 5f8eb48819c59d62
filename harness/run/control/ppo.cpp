// Proximal policy optimisation (arXiv 1707.06347): what all runners did for a while is learned from
// in a few passes, then they act anew. Advantages by arXiv 1506.02438.
#include <ATen/CPUGeneratorImpl.h>
#include <torch/types.h>

#include <cmath>
#include <string>
#include <utility>

#include "core/base/seed.hpp"
#include "run/control/episode_runner.hpp"
#include "run/control/learner.hpp"

namespace ktb::run {
namespace {

/// What all runners did in one step; [N] each, but for the states.
struct Moment {
  Tensor state, action, log_prob, value, reward;
  Tensor next_value;  ///< of the state in which an episode was cut off; else 0
  Tensor going_on;    ///< 0: an episode was over after it
};

class Ppo final : public Learner {
 public:
  Ppo(const LearnerPlace& place, Actor actor)
      : place_(place),
        how_(place.set.learning()),
        actor_(std::move(actor)),
        generator_(at::detail::createCPUGenerator(core::axis_seed({place.axis, "order"}))),
        dice_(core::axis_seed({place.axis, "explore"})) {
    for (std::int64_t i = 0; i < how_.copies; ++i)
      runners_.emplace_back(place.set, core::axis_seed({place.axis, "copy"}, i));
  }

  Batch next() override {
    if (pass_ == 0 && at_ == 0) gather();
    const auto size = gathered_.size();
    if (at_ == 0) order_ = at::randperm(size, generator_, at::kLong);
    const auto rows = order_.slice(0, at_, std::min(size, at_ + place_.batch));
    at_ += place_.batch;
    if (at_ + 1 >= size) {  // one that is left over has no deviation
      at_ = 0;
      pass_ = (pass_ + 1) % how_.passes;
    }
    return on_device(gathered_.rows(rows));
  }

  std::int64_t transitions() const override { return transitions_; }

  void snapshot(Snapshot snapshot) override {
    snapshot("transitions", transitions_);
    snapshot("at", at_);
    snapshot("pass", pass_);
    snapshot("order", order_);
    snapshot("gathered.x", gathered_.x);
    snapshot("gathered.y", gathered_.y);
    snapshot("generator", generator_);
    snapshot("dice", dice_);
    for (std::size_t i = 0; i < runners_.size(); ++i)
      runners_[i].snapshot(snapshot.in("runner" + std::to_string(i)));
  }

 private:
  Batch on_device(Batch batch) const {
    auto& advantage = batch.y["advantage"];
    advantage = (advantage - advantage.mean()) / (advantage.std() + 1e-8);
    for (auto& [name, x] : batch.x) x = sent(x, place_.device);
    for (auto& [name, y] : batch.y) y = sent(y, place_.device);
    return batch;
  }

  /// On the CPU: [n, A] logits and [n] values.
  std::pair<Tensor, Tensor> judge(const std::vector<const Observation*>& all) const {
    const auto out =
        actor_.predict(batch_of(all, place_.set.world(), place_.device)).cpu().to(at::kFloat);
    return {place_.kind.logits(out), out.select(1, -1)};
  }

  std::vector<const Observation*> observations() const {
    std::vector<const Observation*> all;
    for (const auto& runner : runners_) all.push_back(&runner.observation());
    return all;
  }

  /// By the probabilities of one row.
  std::int64_t sample(const Tensor& log_p) {
    const auto* row = log_p.const_data_ptr<float>();
    double left = dice_.uniform();
    for (std::int64_t action = 0; action + 1 < log_p.numel(); ++action) {
      left -= std::exp(row[action]);
      if (left < 0) return action;
    }
    return log_p.numel() - 1;
  }

  Moment act() {
    const auto before = observations();
    Moment m;
    m.state = batch_of(before, place_.set.world(), at::kCPU).x.at("state");
    const auto [logits, value] = judge(before);
    const auto log_p = at::log_softmax(logits, 1).contiguous();
    const auto n = static_cast<std::int64_t>(runners_.size());
    m.value = value;
    m.action = at::empty({n}, at::kLong);
    m.reward = at::zeros({n});
    m.next_value = at::zeros({n});
    m.going_on = at::ones({n});
    for (std::int64_t i = 0; i < n; ++i) {
      auto& runner = runners_[static_cast<std::size_t>(i)];
      const auto action = sample(log_p[i]);
      const auto end = runner.step(action);
      m.action[i] = action;
      m.reward[i] = end.reward;
      if (end.cut) m.next_value[i] = judge({&runner.observation()}).second[0];
      if (end.over()) m.going_on[i] = 0;
      if (end.over()) runner.begin();
    }
    m.log_prob = log_p.gather(1, m.action.unsqueeze(1)).squeeze(1);
    transitions_ += n;
    return m;
  }

  void gather() {
    std::vector<Moment> moments;
    for (std::int64_t t = 0; t < how_.horizon; ++t) moments.push_back(act());
    std::vector<Tensor> advantages(moments.size());
    auto later = judge(observations()).second, advantage = at::zeros_like(later);
    for (std::size_t t = moments.size(); t-- > 0;) {
      const auto& m = moments[t];
      const auto next = m.going_on * later + m.next_value;
      const auto surprise = m.reward + how_.gamma * next - m.value;
      advantage = surprise + how_.gamma * how_.gae * m.going_on * advantage;
      advantages[t] = advantage;
      later = m.value;
    }
    const auto all = [&](Tensor Moment::*part) {
      std::vector<Tensor> parts;
      for (const auto& m : moments) parts.push_back(m.*part);
      return at::cat(parts);
    };
    gathered_ = {};
    gathered_.x["state"] = all(&Moment::state);
    gathered_.y["action"] = all(&Moment::action);
    gathered_.y["log_prob"] = all(&Moment::log_prob);
    gathered_.y["advantage"] = at::cat(advantages);
    gathered_.y["value_target"] = gathered_.y["advantage"] + all(&Moment::value);
    gathered_.y["weights"] = at::tensor({how_.clip, how_.value_weight, how_.entropy}, at::kFloat)
                                 .repeat({gathered_.size(), 1});
  }

  LearnerPlace place_;
  const Learning& how_;
  Actor actor_;
  at::Generator generator_;
  SeededDraws dice_;
  std::vector<EpisodeRunner> runners_;
  Batch gathered_;
  Tensor order_;
  std::int64_t at_ = 0, pass_ = 0, transitions_ = 0;
};

}  // namespace

std::unique_ptr<Learner> make_ppo(const LearnerPlace& place, Actor actor) {
  return std::make_unique<Ppo>(place, std::move(actor));
}

}  // namespace ktb::run
