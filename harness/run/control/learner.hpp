#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include "ktb/control/control.hpp"
#include "run/data/feed.hpp"

namespace ktb::run {

/// What a learner needs of its trial.
struct LearnerPlace {
  const ControlDataset& set;
  const tasks::TaskKind& kind;
  std::string axis;  ///< of seeds: data set and trial seed
  std::int64_t batch = 0;
  at::Device device = at::kCPU;
};

/// Makes batches by acting: one a call, from what the prediction in training does.
class Learner {
 public:
  virtual ~Learner() = default;
  virtual Batch next() = 0;
  virtual std::int64_t transitions() const = 0;
  /// Keeps or restores all that the next batch depends on, but for the weights of who acts.
  virtual void snapshot(Snapshot snapshot) = 0;
};

/// The one that Learning::learner names.
std::unique_ptr<Learner> make_learner(const LearnerPlace& place, Actor actor);
std::unique_ptr<Learner> make_dqn(const LearnerPlace& place, Actor actor);
std::unique_ptr<Learner> make_ppo(const LearnerPlace& place, Actor actor);

}  // namespace ktb::run
