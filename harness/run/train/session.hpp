#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "ktb/method.hpp"
#include "run/data/feed.hpp"
#include "run/train/optimiser_set.hpp"

namespace ktb::run {

/// A method whose terms are added to another's, but for `task`: `plus = { kd = 1.0 }`.
struct Extra {
  std::shared_ptr<Method> method;
  double weight = 1;
  std::string name = "a further method";  ///< of its plugin
};

using State = std::vector<std::pair<std::string, Tensor>>;
/// Every tensor of a state, copied.
std::vector<Tensor> copy_of(const State& state);
/// Writes what was copied back into the state's own tensors.
void restore(const State& state, const std::vector<Tensor>& copies);

/// All that lives during one trial. Made by SessionBuilder.
class Session {
 public:
  std::string axis;  ///< what all seeds depend on: data set and trial seed, never the method
  at::Device device = at::kCPU;

  Transfer transfer;
  std::vector<SourceUse> uses;  ///< of each source
  std::shared_ptr<Method> method;
  std::string method_name = "the method";  ///< of its plugin
  std::vector<Extra> extras;
  std::vector<std::shared_ptr<Feed>> data;  ///< lane 0: the target's
  std::vector<std::size_t> source_lane;     ///< of each source
  OptimiserSet optimisers;                  ///< of all that learns
  std::vector<std::string> warnings;        ///< of its making, for the record

  /// The method, then those of `extras`.
  std::vector<Method*> methods() const;
  /// Of the i-th of these, for messages.
  const std::string& name_of_method(std::size_t i) const {
    return i == 0 ? method_name : extras[i - 1].name;
  }
  /// Training mode: the target, the sources that train along, and last the methods, which may
  /// override a mode. Off: everything.
  void train(bool on);
  /// The deployed prediction: evaluation mode, no gradient. Call train(true) before the next step.
  Tensor predict(const Batch& batch);
  /// The method's own. They stand beside the metrics, so throws Error where one may be taken for a
  /// metric. Leaves evaluation mode on.
  std::map<std::string, double> figures();
  /// Who acts where the batches of a lane come from an environment: the deployed prediction, and in
  /// a source's own lane that source. Leaves training mode on.
  Actor actor(std::size_t lane);

  bool learns(std::size_t source) const;  ///< some of its parameters get gradients
  std::size_t lane_of(Seat seat) const;
  /// Weights and buffers of target, learning sources and methods, by reference.
  State weights() const;
  /// What a checkpoint holds: weights and the optimisers' state.
  State state() const;
  /// Keeps or restores state() and what the feeds need.
  void snapshot(Snapshot snapshot);
};

}  // namespace ktb::run
