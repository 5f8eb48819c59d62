#include "run/control/episode_runner.hpp"

#include <ATen/ops/empty.h>

#include <algorithm>
#include <functional>
#include <numeric>

namespace ktb::run {

EpisodeRunner::EpisodeRunner(const ControlDataset& set, std::uint64_t seed)
    : world_(set.world()), environment_(set.environment()), draws_(seed), began_(seed) {
  const auto size = std::accumulate(world_.shape.begin(), world_.shape.end(), std::int64_t{1},
                                    std::multiplies<>());
  raw_.resize(static_cast<std::size_t>(size));
  observation_.resize(raw_.size());
  begin();
}

void EpisodeRunner::begin() {
  began_ = draws_;
  actions_.clear();
  environment_->reset(draws_);
  steps_ = 0;
  total_ = 0;
  look();
}

EpisodeRunner::End EpisodeRunner::step(std::int64_t action) {
  const auto outcome =
      environment_->step(world_.actions.at(static_cast<std::size_t>(action)), draws_);
  actions_.push_back(action);
  ++steps_;
  total_ += outcome.reward;
  look();
  return {outcome.reward, outcome.terminated, !outcome.terminated && steps_ >= world_.limit};
}

void EpisodeRunner::snapshot(Snapshot snapshot) {
  auto began = began_;
  auto actions = actions_;
  snapshot("began", began);
  snapshot("actions", actions);
  if (!snapshot.restoring()) return;
  draws_ = began;
  begin();
  for (const auto action : actions) step(action);
}

void EpisodeRunner::look() {
  environment_->observe(raw_.data());
  std::ranges::transform(raw_, observation_.begin(),
                         [](double x) { return static_cast<float>(x); });
}

Tensor sent(const Tensor& host, at::Device device) {
  return host.to(device, /*non_blocking=*/true);
}

Batch batch_of(const std::vector<const Observation*>& observations, const World& world,
               at::Device device) {
  std::vector<std::int64_t> shape{static_cast<std::int64_t>(observations.size())};
  shape.insert(shape.end(), world.shape.begin(), world.shape.end());
  auto x = at::empty(shape, at::kFloat);
  auto* place = x.mutable_data_ptr<float>();
  for (const auto* one : observations) place = std::copy(one->begin(), one->end(), place);
  Batch batch;
  batch.x["state"] = sent(x, device);
  return batch;
}

}  // namespace ktb::run
