#pragma once
#include <cstdint>
#include <memory>
#include <vector>

#include "ktb/control/control.hpp"
#include "run/data/snapshot.hpp"

namespace ktb::run {

/// An observation, row by row.
using Observation = std::vector<float>;

/// One environment with random numbers of its own and the clock of its episode.
class EpisodeRunner {
 public:
  EpisodeRunner(const ControlDataset& set, std::uint64_t seed);

  struct End {
    double reward;
    bool terminated;  ///< by the rules: nothing comes after
    bool cut;         ///< at the limit: it would have gone on
    bool over() const { return terminated || cut; }
  };
  void begin();
  /// `action` by its number.
  End step(std::int64_t action);
  const Observation& observation() const { return observation_; }
  double total() const { return total_; }  ///< reward of the episode so far
  /// Keeps where the episode began and what was done since; restored by doing it again, since an
  /// environment need not be able to tell its state.
  void snapshot(Snapshot snapshot);

 private:
  void look();

  const World& world_;
  std::unique_ptr<Environment> environment_;
  SeededDraws draws_;
  SeededDraws began_;                  ///< as the draws were then
  std::vector<std::int64_t> actions_;  ///< of the episode
  std::vector<double> raw_;
  Observation observation_;
  std::int64_t steps_ = 0;
  double total_ = 0;
};

/// On the device, without waiting until it has got there: what is queued there comes after it.
Tensor sent(const Tensor& host, at::Device device);

/// [n, World::shape] of n observations.
Batch batch_of(const std::vector<const Observation*>& observations, const World& world,
               at::Device device);

}  // namespace ktb::run
