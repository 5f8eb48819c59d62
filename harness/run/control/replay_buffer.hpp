#pragma once
#include <ATen/core/Generator.h>

#include <cstdint>
#include <deque>
#include <vector>

#include "ktb/task.hpp"
#include "run/control/episode_runner.hpp"

namespace ktb::run {

/// From a state by an action to a later state: rewards in between are added up, discounted.
struct Transition {
  Observation state;
  std::int64_t action = 0;
  double reward = 0;
  Observation next;
  double discount = 0;  ///< of the next state's value; 0: the episode ended by the rules
};

/// The last so many transitions. Grids of zeros and ones are kept as bytes.
class ReplayBuffer {
 public:
  ReplayBuffer(const World& world, std::int64_t capacity, std::uint64_t seed);
  void put(const Transition& transition);
  std::int64_t size() const { return size_; }

  struct Sample {
    Tensor state, next;               ///< float
    Tensor action, reward, discount;  ///< [count]
  };
  /// Evenly, the same one may come twice.
  Sample draw(std::int64_t count);
  void snapshot(Snapshot snapshot);

 private:
  void keep(Tensor& store, const Observation& observation);

  std::int64_t capacity_, size_ = 0, at_ = 0;
  at::Generator generator_;
  Tensor states_, nexts_, actions_, rewards_, discounts_;
};

/// The transitions of one runner on their way into the replay buffer: each waits until n rewards
/// are known or the episode is over.
class RewardQueue {
 public:
  RewardQueue(std::int64_t n, double gamma) : n_(n), gamma_(gamma) {}
  void step(Observation state, std::int64_t action, const EpisodeRunner::End& end,
            const Observation& next, ReplayBuffer& replay);
  void snapshot(Snapshot snapshot);

 private:
  void release(const EpisodeRunner::End& end, const Observation& next, ReplayBuffer& replay);

  std::int64_t n_;
  double gamma_;
  std::deque<Transition> pending_;  ///< discount: of the next reward to come
};

}  // namespace ktb::run
