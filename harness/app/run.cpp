#include <fmt/format.h>

#include <cstdlib>
#include <memory>

#include "app/command.hpp"
#include "app/session.hpp"
#include "app/summary.hpp"
#include "core/base/error.hpp"
#include "core/base/output/print.hpp"
#include "core/table/report.hpp"
#include "launch/commands.hpp"
#include "launch/local.hpp"
#include "launch/machine/others.hpp"
#include "launch/progress.hpp"

namespace ktb::app {
namespace {

struct RunCommand {
  Choice choice;
  int jobs = 0, threads = 0, quarantine = launch::PoolOptions().quarantine;
  double checkpoint = launch::PoolOptions().checkpoint;
  std::string launcher = "local";
  bool fresh = false;
};

void check_launcher(const std::string& launcher) {
  if (launcher == "local" || launcher == "commands") return;
  if (launcher == "slurm")
    throw core::Error(
        "error: this ktbench does not submit to Slurm by itself; `--launcher commands` prints one "
        "shell command a "
        "trial, sources first, for a job script");
  throw core::Error(fmt::format("error: no launcher `{}`; there are local and commands", launcher));
}

/// Whether nothing is wrong with it or missing for it.
bool can_run(const Choice& choice, core::Catalogue& catalogue) {
  try {
    return choice.plan(catalogue).missing.empty();
  } catch (const core::SuiteError&) {
    return false;
  }
}

/// Another profile of the suite that needs nothing this machine lacks.
void suggest_profile(const RunCommand& command, core::Catalogue& catalogue) {
  const core::Suite suite = command.choice.read();
  for (const auto& profile : suite.profiles) {
    if (profile == suite.profile) continue;
    Choice other = command.choice;
    other.profile = profile;
    if (!can_run(other, catalogue)) continue;
    core::print(stderr, "Nothing was run. Without it: --profile {}\n", profile);
    return;
  }
  core::print(stderr, "Nothing was run.\n");
}

int print_list(const std::vector<const core::Trial*>& trials, const core::Store& store,
               const launch::PoolOptions& pool) {
  launch::print_commands(trials, store, pool, stdout);
  return kOk;
}

/// Threads that spin while they wait take the core from those they wait for, where others take
/// their share: a step took up to four times as long.
void tell_of_others(const launch::PoolOptions& pool) {
  int cores = 0;
  const double busy = launch::others_now(&cores);
  const auto text = launch::busy_before(busy, cores, pool);
  core::print(stderr, "{}", text);
  if (!text.empty()) ::setenv("OMP_WAIT_POLICY", "passive", /*overwrite=*/0);
}

int run_here(const Summary& summary, core::Store& store, launch::CostBook& costs,
             const launch::PoolOptions& pool) {
  launch::Tally tally;
  if (!summary.to_run.empty()) {
    tell_of_others(pool);
    const launch::Others others;
    {
      launch::Progress progress(stdout, summary.to_run.size());
      tally = launch::LocalPool(summary.to_run, store, costs, progress, pool).run();
    }
    core::print(stderr, "{}", launch::busy_meanwhile(others.busy(), others.cores(), pool));
  }
  core::print("\n{}", core::report(summary.plan, store, "", core::Format::kText));
  if (tally.interrupted) core::print(stderr, "Stopped. The same command goes on.\n");
  return tally.bad > 0 || tally.interrupted ? kTrialFailed : kOk;
}

int run(const RunCommand& command) {
  check_launcher(command.launcher);
  const Site& site = command.choice.site;
  const auto catalogue = site.catalogue();
  const core::Plan plan = command.choice.plan(*catalogue);
  core::Store store = site.store();
  auto costs = site.costs();
  const auto pool = launch::settle({.jobs = command.jobs,
                                    .threads = command.threads,
                                    .device = plan.device,
                                    .worker = site.worker(),
                                    .worker_flags = site.worker_flags(),
                                    .quarantine = command.quarantine,
                                    .checkpoint = command.checkpoint,
                                    .fresh = command.fresh});
  const Summary summary{plan, store, costs, launch::trials_to_run(plan, store, command.fresh),
                        pool.jobs};
  const bool local = command.launcher == "local";
  print_summary(summary, local ? stdout : stderr);
  if (const int missing = refuse_missing(plan, summary.to_run); missing != kOk) {
    suggest_profile(command, *catalogue);
    return missing;
  }
  store.save_plan(plan);
  return local ? run_here(summary, store, costs, pool) : print_list(summary.to_run, store, pool);
}

}  // namespace

void add_run(CLI::App& app, Action& action) {
  auto& command = *app.add_subcommand("run", "train what a suite's tables need and print them");
  const auto options = std::make_shared<RunCommand>();
  options->choice.add_to(command);
  command
      .add_option("-j,--jobs", options->jobs, "trials at once (default: as many as cores allow)")
      ->check(CLI::PositiveNumber);
  command.add_option("--threads", options->threads, "threads a trial (default: 1 on a CPU)")
      ->check(CLI::PositiveNumber);
  command
      .add_option(
          "--checkpoint", options->checkpoint,
          "minutes after which a trial keeps what it needs to go on after a crash; 0: never")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command.add_option("--launcher", options->launcher, "local, or commands: print them only")
      ->capture_default_str();
  command
      .add_option("--quarantine", options->quarantine,
                  "start no further trial of a plugin after this many crashes in a row; 0: never "
                  "mind them. The next run tries it again")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  auto* accept = options->choice.add_accept_to(command);
  command.add_flag("--force,--fresh", options->fresh, "run again what is cached too")
      ->excludes(accept);
  command.callback([=, &action] { action = [=] { return run(*options); }; });
}

}  // namespace ktb::app
