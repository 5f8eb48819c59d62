#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "ktb/method.hpp"
#include "run/data/feed.hpp"
#include "run/train/optimiser.hpp"

namespace ktb::run {

/// A method whose terms are added to another's, but for `task`: `plus = { kd = 1.0 }`.
struct Extra {
  std::shared_ptr<Method> method;
  double weight = 1;
};

using State = std::vector<std::pair<std::string, Tensor>>;

/// All that lives during one trial. Built by run/build.hpp from trial.json, or by hand in tests.
class Session {
 public:
  std::string axis;  ///< what all seeds depend on: data set and trial seed, never the method
  at::Device device = at::kCPU;

  Transfer transfer;
  std::vector<SourceUse> uses;  ///< of each source
  std::shared_ptr<Method> method;
  std::vector<Extra> extras;
  std::vector<std::shared_ptr<Feed>> data;  ///< lane 0: the target's
  std::vector<std::size_t> source_lane;     ///< of each source

  /// Freezes, binds and attaches: call once when the members above are filled.
  void attach();
  /// Sorts every parameter that learns into groups; call after attach().
  void make_optimisers(const Recipe& suite);

  /// Training mode: the target, the sources that train along, and last the methods, which may
  /// override a mode. Off: everything.
  void train(bool on);
  /// The deployed prediction: evaluation mode, no gradient. Call train(true) before the next step.
  Tensor predict(const Batch& batch);
  /// Who acts where the batches of a lane come from an environment: the deployed prediction, and in
  /// a source's own lane that source. Leaves training mode on.
  Actor actor(std::size_t lane);

  bool learns(std::size_t source) const;  ///< some of its parameters get gradients
  std::size_t lane_of(Seat seat) const;
  /// Weights and buffers of target, learning sources and methods, by reference.
  State weights() const;
  /// What a checkpoint holds: weights and the optimisers' state.
  State state() const;

  std::vector<Optimiser>& optimisers() { return optimisers_; }
  const std::vector<Optimiser>& optimisers() const { return optimisers_; }
  /// Clips per owner (target with method, each source) and steps all automatic groups.
  void step_automatic();
  /// Clips and steps the manual groups of one name.
  void step_manual(const std::string& group);

 private:
  void add_group(Group group, const Recipe& suite);
  std::vector<Method*> methods() const;

  std::vector<Optimiser> optimisers_;
  std::vector<std::string> owners_;  ///< of each optimiser
  std::string owner_ = "method";     ///< of groups being added
};

}  // namespace ktb::run
