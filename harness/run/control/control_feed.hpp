#pragma once
#include <memory>

#include "run/control/learner.hpp"
#include "run/data/example_feed.hpp"

namespace ktb::run {

/// A task whose data come from acting. Episodes of the test have fixed seeds, the same for all
/// methods and seeds of a trial; those of validation have others.
class ControlFeed final : public Feed {
 public:
  /// `dataset` offers control(). Throws Error where the request asks for what only examples have.
  ControlFeed(std::shared_ptr<const Dataset> dataset, const DataFolder& folder, DataRequest request,
              at::Device device);

  const tasks::TaskKind& kind() const override { return *kind_; }
  void follow(Actor actor) override;
  Batch train_batch(std::int64_t step) override;
  std::int64_t steps_per_epoch() const override { return set().learning().epoch_steps; }
  bool repeats() const override { return false; }
  /// There is nothing before somebody acts.
  void survey(const Visit&) const override {}
  std::unique_ptr<tasks::Meter> judge(Part part, const Predict& predict) const override;
  tasks::Metrics floor() const override;

  std::int64_t train_size() const override { return 0; }
  std::int64_t validation_size() const override { return validation_.numel(); }
  std::int64_t test_size() const override { return test_.numel(); }
  std::int64_t transitions() const override;
  void snapshot(Snapshot snapshot) override;

 private:
  const ControlDataset& set() const { return *dataset_->control(); }
  std::uint64_t episode_seed(Part part, std::int64_t number) const;
  Tensor play(Part part, std::int64_t episodes, const Predict& predict) const;
  Tensor play_randomly(Part part, std::int64_t episodes) const;

  std::shared_ptr<const Dataset> dataset_;
  DataRequest request_;
  at::Device device_;
  std::unique_ptr<tasks::TaskKind> kind_;
  Tensor validation_, test_;  ///< [episodes] double: what random actions bring
  std::unique_ptr<Learner> learner_;
};

}  // namespace ktb::run
