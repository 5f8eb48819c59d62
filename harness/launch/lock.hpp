#pragma once
#include <filesystem>
#include <optional>

#include "core/base/system/descriptor.hpp"
#include "core/store/trial_folder.hpp"

namespace ktb::launch {

/// Held while a trial runs, so that nobody else runs it who sees the same folder, on this machine
/// or on another.
///
/// It is a lease: a file `.lock` that its holder renews. Where the holder ends, however it ends,
/// the kernel of its machine knows at once (flock); where the machine is gone, or the file system
/// keeps flock from other machines, the lease runs out two minutes after it was last renewed.
/// Whoever takes over makes the next file, `.lock.2`, which only one can: so a holder that stood
/// still and wakes up sees that it has lost it. All times are by the clock of the disk.
class TrialLock {
 public:
  /// None: somebody else runs this trial. Throws core::Error where the folder cannot be written.
  static std::optional<TrialLock> take(const core::TrialFolder& folder);
  /// Whether somebody runs this trial now; leaves the folder as it is.
  static bool held(const core::TrialFolder& folder);
  TrialLock(TrialLock&&) noexcept = default;
  TrialLock& operator=(TrialLock&& other) noexcept;
  ~TrialLock();

  /// To be called every few seconds. False: this process stood still for so long that another has
  /// taken the trial over, or the folder is gone.
  bool renew();
  /// Whether it is still so.
  bool holds() const;

 private:
  TrialLock(std::filesystem::path first, int number, core::Descriptor file);
  static std::optional<TrialLock> make(const std::filesystem::path& first, int number);
  void withdraw();  ///< before it was held
  void release();

  std::filesystem::path first_;  ///< the name of the first lease of this trial
  int number_ = 1;               ///< of this one
  core::Descriptor file_;
  double renewed_ = 0;
};

}  // namespace ktb::launch
