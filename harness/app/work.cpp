#include <fmt/format.h>

#include <memory>
#include <vector>

#include "app/command.hpp"
#include "core/base/output/print.hpp"
#include "core/store/store.hpp"
#include "launch/costs.hpp"
#include "launch/local.hpp"
#include "launch/process.hpp"
#include "launch/progress.hpp"
#include "launch/share/work_list.hpp"

namespace ktb::app {
namespace {

struct WorkCommand {
  std::string list, group, trial, at_limit;
};

bool is_ok(const core::Store& store, const core::Trial& trial) {
  const auto record = store.load(trial.id);
  return record && record->ok() && record->key == trial.key;
}

/// One that is named is tried again where it failed, unlike what it needs.
void forget_failure(const core::Store& store, const core::Trial& trial) {
  const auto lock = launch::TrialLock::take(store.folder(trial.id));
  if (lock && !is_ok(store, trial)) std::filesystem::remove(store.folder(trial.id).record());
}

/// The job's time is up with trials left: the next one is asked for, unless this one was in vain.
int hand_over(const launch::Tally& tally, const std::string& at_limit) {
  if (!tally.further) {
    core::print(
        "in all its time this job brought no trial further, so no other is asked for; "
        "give it more time\n");
    return kTrialFailed;
  }
  if (at_limit.empty()) return kTryAgain;
  const int code = launch::run_here({"sh", "-c", at_limit});
  if (code != 0) core::print("`{}` ended with {}; `ktbench run` goes on\n", at_limit, code);
  return kTryAgain;
}

int work(const WorkCommand& command) {
  const launch::WorkList list(command.list);
  list.enter();
  core::Store store(list.results());
  const bool one = !command.trial.empty();
  const auto all = one ? list.of_trial(command.trial) : list.of_group(command.group);
  if (one && is_ok(store, all.back())) return kOk;
  if (one) forget_failure(store, all.back());
  std::vector<const core::Trial*> trials;
  for (const auto& trial : all) trials.push_back(&trial);
  launch::PoolOptions options = launch::settle(list.options());
  options.worker = launch::beside_this("ktbench-worker");
  options.leave = !one;
  launch::look_at_memory(options);
  launch::CostBook costs((list.results() / "cache" / "costs.jsonl").string());
  launch::Progress progress(stdout, trials.size());
  const auto tally = launch::LocalPool(trials, store, costs, progress, options).run();
  if (tally.time_up) return hand_over(tally, command.at_limit);
  if (tally.interrupted) return kTryAgain;
  return (one ? is_ok(store, all.back()) : tally.bad == 0) ? kOk : kTrialFailed;
}

}  // namespace

void add_work(CLI::App& app, Action& action) {
  auto& command = *app.add_subcommand(
      "work", "run trials of a list that `run --launcher` wrote, beside others who do");
  const auto options = std::make_shared<WorkCommand>();
  command.add_option("list", options->list, "a file results/work/NAME/list")->required();
  auto* group = command.add_option("--group", options->group,
                                   "of these trials one after another, as long as there are any");
  command.add_option("--trial", options->trial, "this one, and before it what it needs")
      ->excludes(group);
  command.add_option("--at-limit", options->at_limit,
                     "a shell command for when SIGUSR1 says that the time is up and trials are "
                     "left: it asks for another job");
  command.footer("Exit code 0: done; 1: a trial failed; 75: stopped before all was done.");
  command.callback([=, &action] { action = [=] { return work(*options); }; });
}

}  // namespace ktb::app
