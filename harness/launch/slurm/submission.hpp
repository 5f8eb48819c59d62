#pragma once
#include <cstdio>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/plan/plan.hpp"
#include "core/store/store.hpp"
#include "launch/local.hpp"
#include "launch/share/work_list.hpp"
#include "launch/slurm/queue.hpp"
#include "launch/slurm/site.hpp"
#include "launch/slurm/slurm.hpp"

namespace ktb::launch {

/// What is behind a submission, beside its trials.
struct Order {
  std::string name;                 ///< of suite and profile
  PoolOptions options;              ///< of a task
  std::vector<std::string> report;  ///< the command that makes the tables, without its output
};

/// Puts trials into Slurm's queue: arrays, one for each wave and for each kind of job that the site
/// file tells apart, each after those that train its sources, and a report after all. A task takes
/// one trial after another, so there are few tasks for many trials.
class Submission {
 public:
  Submission(const Slurm& slurm, const SlurmQueue& queue, SiteFile& site, const core::Store& store,
             Order order);

  /// `trials` of the plan, sources first: all that is to be submitted. Tells on `out` what has
  /// been, as it goes.
  /// Throws core::Error where Slurm refuses; what was submitted before stays, and the next call of
  /// the command sees it.
  void submit(const core::Plan& plan, const std::vector<const core::Trial*>& trials,
              std::FILE* out);

 private:
  struct Group {
    std::string name;
    int wave = 1;
    Resources resources;
    std::vector<const core::Trial*> trials;
    std::set<std::string> jobs;  ///< once it is submitted
  };
  std::vector<Group> grouped(const std::vector<const core::Trial*>& trials);
  WorkList write(const core::Plan& plan, const std::vector<Group>& groups) const;
  std::set<std::string> before(const Group& group, const std::vector<Group>& groups) const;
  void submit(Group& group, const std::set<std::string>& after, const WorkList& list,
              std::FILE* out);
  void submit_report(const std::set<std::string>& after, const WorkList& list, std::FILE* out);
  std::size_t tasks_of(const Group& group) const;
  std::string limit(std::size_t tasks, const Group& group) const;
  void note_unused_rules(std::FILE* out) const;

  const Slurm& slurm_;
  const SlurmQueue& queue_;
  SiteFile& site_;
  const core::Store& store_;
  Order order_;
  std::map<int, std::size_t> wave_tasks_;
};

}  // namespace ktb::launch
