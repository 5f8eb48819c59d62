#include "app/slurm.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "app/command.hpp"
#include "core/base/output/print.hpp"
#include "core/table/report.hpp"
#include "launch/lock.hpp"
#include "launch/process.hpp"
#include "launch/progress.hpp"
#include "launch/slurm/queue.hpp"
#include "launch/slurm/site.hpp"
#include "launch/slurm/slurm.hpp"
#include "launch/slurm/submission.hpp"

namespace ktb::app {
namespace {

constexpr int kGpuCores = 4;  // of a trial on a GPU, where nobody says

/// What has become of trials that jobs in the queue have on their lists.
struct Standing {
  std::size_t done = 0, at_work = 0, waiting = 0;
  std::vector<std::string> failures;
};

Standing standing(const core::Plan& plan, const core::Store& store,
                  const launch::SlurmQueue& queue) {
  Standing now;
  for (const auto& trial : plan.trials) {
    if (queue.jobs_of(trial.id).empty()) continue;
    const auto record = store.load(trial.id);
    const bool ended =
        record && record->key == trial.key && record->status != core::Status::kInterrupted;
    if (ended && record->ok())
      ++now.done;
    else if (ended)
      now.failures.push_back(fmt::format("{}   {}   {}", launch::title(trial),
                                         core::word(record->status),
                                         record->reason.substr(0, record->reason.find('\n'))));
    else
      ++(launch::TrialLock::held(store.folder(trial.id)) ? now.at_work : now.waiting);
  }
  return now;
}

void print_queue(const launch::SlurmQueue& queue, const Standing& now) {
  for (const auto& group : queue.groups()) {
    std::string tasks;
    if (group.running > 0) tasks += fmt::format("{} running", group.running);
    if (group.waiting > 0)
      tasks +=
          fmt::format("{}{} waiting ({})", tasks.empty() ? "" : ", ", group.waiting, group.reason);
    core::print("queue   job {}, {} of {}: {}\n", group.job, group.group, group.list, tasks);
  }
  if (queue.groups().empty()) return;
  core::print(
      "        of the trials of this suite in it {} are done, {} at work, {} wait, {} failed\n",
      now.done, now.at_work, now.waiting, now.failures.size());
  for (const auto& failure : now.failures) core::print("failed  {}\n", failure);
}

/// What a task runs with: of the node where it is submitted nothing counts.
launch::PoolOptions of_task(launch::PoolOptions options, const launch::SiteFile& site) {
  const bool gpu = options.device == "cuda";
  options.jobs = std::max(1, options.jobs);
  const auto cores = static_cast<int>(site.usual().cpus);
  if (options.threads <= 0 && gpu)
    options.threads = cores > 0 ? std::max(1, cores / options.jobs) : kGpuCores;
  options.threads = std::max(1, options.threads);
  return options;
}

std::vector<std::string> report_command(const Choice& choice) {
  std::vector<std::string> command = {launch::beside_this("ktbench"), "report"};
  const auto words = choice.words();
  command.insert(command.end(), words.begin(), words.end());
  return command;
}

}  // namespace

int run_on_slurm(const Summary& summary, const core::Store& store, launch::PoolOptions options,
                 const Choice& choice, const std::string& site_file) {
  launch::SiteFile site(site_file, options.device == "cuda" ? "gpu:1" : "");
  const launch::Slurm slurm;
  const launch::SlurmQueue queue(slurm, std::filesystem::absolute(store.results()));
  print_queue(queue, standing(summary.plan, store, queue));
  std::vector<const core::Trial*> trials;
  for (const auto* trial : summary.to_run)
    if (queue.jobs_of(trial->id).empty()) trials.push_back(trial);
  if (!trials.empty()) {
    launch::Submission(slurm, queue, site, store,
                       {summary.plan.suite + "." + summary.plan.profile,
                        of_task(std::move(options), site), report_command(choice)})
        .submit(summary.plan, trials, stdout);
    core::print(
        "Nobody needs to stay: the same command shows how it goes, and tries again what "
        "failed once the queue is empty.\n");
  } else if (summary.to_run.empty()) {
    core::print("\n{}", core::report(summary.plan, store, "", core::Format::kText));
  } else {
    core::print("Nothing was submitted: all that is to be run is in the queue.\n");
  }
  return kOk;
}

}  // namespace ktb::app
