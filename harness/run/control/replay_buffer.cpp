#include "run/control/replay_buffer.hpp"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/randint.h>

#include <algorithm>
#include <string>
#include <utility>

namespace ktb::run {

ReplayBuffer::ReplayBuffer(const World& world, std::int64_t capacity, std::uint64_t seed)
    : capacity_(capacity), generator_(at::detail::createCPUGenerator(seed)) {
  std::vector<std::int64_t> shape{capacity};
  shape.insert(shape.end(), world.shape.begin(), world.shape.end());
  const auto type = world.shape.size() == 3 ? at::kByte : at::kFloat;
  states_ = at::empty(shape, type);
  nexts_ = at::empty(shape, type);
  actions_ = at::empty({capacity}, at::kLong);
  rewards_ = at::empty({capacity}, at::kFloat);
  discounts_ = at::empty({capacity}, at::kFloat);
}

void ReplayBuffer::keep(Tensor& store, const Observation& observation) {
  const auto place = at_ * static_cast<std::int64_t>(observation.size());
  if (store.scalar_type() == at::kByte)
    std::transform(observation.begin(), observation.end(),
                   store.mutable_data_ptr<std::uint8_t>() + place,
                   [](float x) { return static_cast<std::uint8_t>(x); });
  else
    std::copy(observation.begin(), observation.end(), store.mutable_data_ptr<float>() + place);
}

void ReplayBuffer::put(const Transition& t) {
  keep(states_, t.state);
  keep(nexts_, t.next);
  actions_.mutable_data_ptr<std::int64_t>()[at_] = t.action;
  rewards_.mutable_data_ptr<float>()[at_] = static_cast<float>(t.reward);
  discounts_.mutable_data_ptr<float>()[at_] = static_cast<float>(t.discount);
  at_ = (at_ + 1) % capacity_;
  size_ = std::min(size_ + 1, capacity_);
}

ReplayBuffer::Sample ReplayBuffer::draw(std::int64_t count) {
  const auto rows = at::randint(size_, {count}, generator_, at::kLong);
  const auto some = [&](const Tensor& all) { return all.index_select(0, rows); };
  return {some(states_).to(at::kFloat), some(nexts_).to(at::kFloat), some(actions_), some(rewards_),
          some(discounts_)};
}

void ReplayBuffer::snapshot(Snapshot snapshot) {
  snapshot("size", size_);
  snapshot("at", at_);
  snapshot("generator", generator_);
  const auto filled = [&](const Tensor& all) { return all.narrow(0, 0, size_); };
  snapshot.in_place("states", filled(states_));
  snapshot.in_place("nexts", filled(nexts_));
  snapshot.in_place("actions", filled(actions_));
  snapshot.in_place("rewards", filled(rewards_));
  snapshot.in_place("discounts", filled(discounts_));
}

void RewardQueue::snapshot(Snapshot snapshot) {
  auto waiting = static_cast<std::int64_t>(pending_.size());
  snapshot("waiting", waiting);
  pending_.resize(static_cast<std::size_t>(waiting));
  for (std::size_t i = 0; i < pending_.size(); ++i) {
    auto& one = pending_[i];
    auto part = snapshot.in(std::to_string(i));
    std::vector<double> state(one.state.begin(), one.state.end());
    part("state", state);
    one.state.assign(state.begin(), state.end());
    part("action", one.action);
    part("reward", one.reward);
    part("discount", one.discount);
  }
}

void RewardQueue::step(Observation state, std::int64_t action, const EpisodeRunner::End& end,
                       const Observation& next, ReplayBuffer& replay) {
  pending_.push_back({std::move(state), action, 0, {}, 1});
  for (auto& one : pending_) {
    one.reward += one.discount * end.reward;
    one.discount *= gamma_;
  }
  if (static_cast<std::int64_t>(pending_.size()) == n_) release(end, next, replay);
  while (end.over() && !pending_.empty()) release(end, next, replay);
}

void RewardQueue::release(const EpisodeRunner::End& end, const Observation& next,
                          ReplayBuffer& replay) {
  auto& first = pending_.front();
  first.next = next;
  if (end.terminated) first.discount = 0;
  replay.put(first);
  pending_.pop_front();
}

}  // namespace ktb::run
