#pragma once
#include <cstddef>
#include <string>
#include <vector>

namespace ktb::launch {

/// What squeue says of one task of an array, or of a job that is none.
struct QueuedTask {
  std::string job;     ///< of the whole array
  std::string state;   ///< PENDING, RUNNING, ...
  std::string name;    ///< of the job
  std::string reason;  ///< why it waits, in Slurm's words
};

/// Slurm's own commands. Throws core::Error with what they said where one of them fails.
class Slurm {
 public:
  /// Throws core::Error where there are none on this machine.
  Slurm();

  /// How many tasks an array may have.
  std::size_t most_tasks() const { return most_tasks_; }
  /// What this user has waiting or running.
  std::vector<QueuedTask> queue() const;
  /// sbatch with further words; gives the job's number.
  std::string submit(const std::vector<std::string>& words) const;

 private:
  std::size_t most_tasks_ = 0;
};

}  // namespace ktb::launch
