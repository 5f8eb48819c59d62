#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "core/store/trial_folder.hpp"
#include "run/data/snapshot.hpp"

namespace ktb::run {

/// How often a trial keeps itself, and whether it rehearses its own end.
struct CheckpointPlan {
  double minutes = 10;    ///< between checkpoints; 0: only before a stop
  bool rehearse = false;  ///< dies by SIGKILL at one step that the key decides, to go on later
};

/// The last snapshot of a trial, in its folder.
class Checkpoint {
 public:
  Checkpoint(const core::TrialFolder& folder, std::string key, CheckpointPlan plan);

  /// What was kept of this very trial; none: it starts from its first step. Says on stderr where
  /// a file is damaged.
  std::optional<Snapshot> load();
  /// Whether it is time to keep one, after `done` of `steps` steps.
  bool due(std::int64_t done, std::int64_t steps);
  /// Says on stderr where it cannot be written; the one before then still stands.
  void keep(const Snapshot& snapshot, std::int64_t done);
  void forget() const;

 private:
  void rehearse(std::int64_t done, std::int64_t steps);

  std::string path_, key_;
  CheckpointPlan plan_;
  double last_;           ///< seconds, when it was last kept or the trial began
  bool resumed_ = false;  ///< goes on from one
  bool wanted_ = false;   ///< by the rehearsal
};

}  // namespace ktb::run
