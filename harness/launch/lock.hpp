#pragma once
#include <optional>

#include "core/store/trial_folder.hpp"

namespace ktb::launch {

/// Held while a trial runs, so that two `ktbench run` over the same results do not run it twice.
/// The kernel lets go of it when its holder ends, however it ends:
/// a lock file left behind means nothing.
class TrialLock {
 public:
  /// None: somebody else runs this trial. Throws core::Error where the folder cannot be written.
  static std::optional<TrialLock> take(const core::TrialFolder& folder);
  /// Whether somebody runs this trial now; leaves the folder as it is.
  static bool held(const core::TrialFolder& folder);
  TrialLock(TrialLock&& other) noexcept;
  TrialLock& operator=(TrialLock&& other) noexcept;
  ~TrialLock();

 private:
  explicit TrialLock(int file) : file_(file) {}
  int file_ = -1;
};

}  // namespace ktb::launch
