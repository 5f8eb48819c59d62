#pragma once
#include <cstddef>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "launch/slurm/slurm.hpp"

namespace ktb::launch {

/// The name of the jobs that take a group of a list, by which they are found again.
std::string job_name(const std::string& list, const std::string& group);

/// An array in Slurm's queue that takes trials of a list, or the report that waits for all.
struct QueuedGroup {
  std::string job, list, group;
  std::size_t running = 0, waiting = 0;  ///< tasks
  std::string reason = {};               ///< why those wait
};

/// What of a folder of results is in Slurm's queue, by Slurm's word alone: a submission that was
/// cut off is seen as far as it came.
class SlurmQueue {
 public:
  SlurmQueue(const Slurm& slurm, const std::filesystem::path& results);

  const std::vector<QueuedGroup>& groups() const { return groups_; }
  /// The jobs that have a trial on their list; none: it is in no job's.
  std::set<std::string> jobs_of(const std::string& trial) const;

 private:
  std::vector<QueuedGroup> groups_;
  std::map<std::string, std::set<std::string>> jobs_;  ///< by trial
};

}  // namespace ktb::launch
