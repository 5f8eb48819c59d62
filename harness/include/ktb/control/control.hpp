#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "ktb/dataset.hpp"
#include "ktb/environment.hpp"
#include "ktb/options.hpp"

namespace ktb {

/// What is fixed of a control task.
struct World {
  std::string name;                 ///< cartpole
  std::vector<std::int64_t> shape;  ///< of an observation; [c, h, w]: a grid of zeros and ones
  std::string space;                ///< what the observation means: equal spaces, equal meaning
  std::string labels;               ///< what the actions mean
  std::vector<double> actions;      ///< the value that each numbered action stands for
  std::int64_t limit = 0;           ///< steps after which an episode is cut off
};

/// How a model learns in it. Transitions are counted over all environments together.
struct Learning {
  std::string learner;            ///< dqn or ppo
  std::int64_t copies = 0;        ///< environments that are acted in side by side
  std::int64_t episodes = 0;      ///< of the test
  std::int64_t epoch_steps = 0;   ///< learner's steps that make an epoch
  double gamma = 0;               ///< discount
  std::int64_t memory = 0;        ///< dqn: transitions kept
  std::int64_t warmup = 0;        ///< dqn: random transitions before the first step
  std::int64_t transitions = 0;   ///< dqn: from one step of the learner to the next
  double explore = 0;             ///< dqn: share of random actions in the end
  std::int64_t explore_over = 0;  ///< dqn: transitions over which it falls from 1
  std::int64_t sync = 0;          ///< dqn: learner's steps between copies of the target network
  std::int64_t n_step = 0;        ///< dqn: rewards added up before the value of a state
  bool double_q = true;           ///< dqn: the learning network chooses the next action
  std::int64_t horizon = 0;       ///< ppo: steps in each environment between updates
  std::int64_t passes = 0;        ///< ppo: over what was gathered
  double gae = 0, clip = 0, value_weight = 0, entropy = 0;  ///< ppo
};

/// A data set that is an environment: nothing to load, as much as is acted for. A plugin gives its
/// world and makes copies of it.
class KTB_API ControlDataset : public Dataset {
 public:
  /// Reads the options of the learner and the limit of an episode.
  ControlDataset(Options& options, World world);
  ~ControlDataset() override;
  virtual std::unique_ptr<Environment> environment() const = 0;

  const World& world() const { return world_; }
  const Learning& learning() const { return learning_; }
  const ControlDataset* control() const final { return this; }

  TaskSpec task(const DataFolder& folder) const final;
  std::vector<DataFile> files(const DataFolder&) const final { return {}; }
  std::string get() const final;
  Split load(const DataFolder& folder, const std::string& split) const final;  ///< throws Error

 private:
  World world_;
  Learning learning_;
};

/// Numbered actions for a real one in [-most, most]: so many even levels as the option `name` says.
KTB_API std::vector<double> levels(Options& options, const std::string& name, double most);

}  // namespace ktb
