#include <fmt/format.h>

#include <cstdlib>
#include <memory>
#include <optional>

#include "app/command.hpp"
#include "app/session.hpp"
#include "app/slurm.hpp"
#include "app/summary.hpp"
#include "core/base/error.hpp"
#include "core/base/output/print.hpp"
#include "core/table/report.hpp"
#include "launch/commands.hpp"
#include "launch/local.hpp"
#include "launch/machine/mps.hpp"
#include "launch/machine/others.hpp"
#include "launch/progress.hpp"

namespace ktb::app {
namespace {

struct RunCommand {
  Choice choice;
  int jobs = 0, threads = 0, quarantine = launch::PoolOptions().quarantine;
  double checkpoint = launch::PoolOptions().checkpoint;
  std::string launcher = "local", site;
  bool fresh = false, mps = false, quiet = false;
};

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

/// Threads that spin while they wait take the core from those they wait for, where others take
/// their share: a step took up to four times as long.
void heed(const launch::Others& others, const launch::PoolOptions& pool, bool quiet) {
  const auto text = launch::busy_before(others.busy_by_now(), others.cores(), pool);
  if (!quiet) core::print(stderr, "{}", text);
  if (!text.empty()) ::setenv("OMP_WAIT_POLICY", "passive", /*overwrite=*/0);
}

/// `before`: who was at work here while the plan was made.
int run_here(const Summary& summary, core::Store& store, launch::CostBook& costs,
             const launch::PoolOptions& pool, const launch::Others& before, bool quiet) {
  launch::Tally tally;
  if (!summary.to_run.empty()) {
    heed(before, pool, quiet);
    const launch::Others others;
    {
      launch::Progress progress(quiet ? stderr : stdout, summary.to_run.size(), {.quiet = quiet});
      tally = launch::LocalPool(summary.to_run, store, costs, progress, pool).run();
    }
    if (!quiet)
      core::print(stderr, "{}", launch::busy_meanwhile(others.busy(), others.cores(), pool));
  }
  core::print("{}{}", quiet ? "" : "\n",
              core::report(summary.plan, store, "", core::text_format(stdout)));
  if (tally.interrupted) core::print(stderr, "Stopped. The same command goes on.\n");
  return tally.bad > 0 || tally.interrupted ? kTrialFailed : kOk;
}

int run(const RunCommand& command) {
  if (!command.site.empty() && command.launcher != "slurm")
    throw core::Error("error: --site says how jobs are submitted: it goes with --launcher slurm");
  const launch::Others others;
  const Site& site = command.choice.site;
  const auto catalogue = site.catalogue();
  const core::Plan plan = command.choice.plan(*catalogue);
  core::Store store = site.store();
  auto costs = site.costs();
  const launch::PoolOptions asked{.jobs = command.jobs,
                                  .threads = command.threads,
                                  .device = plan.device,
                                  .worker = site.worker(),
                                  .worker_flags = site.worker_flags(),
                                  .quarantine = command.quarantine,
                                  .checkpoint = command.checkpoint,
                                  .fresh = command.fresh};
  auto pool = launch::settle(asked);
  const Summary summary{plan, store, costs, launch::trials_to_run(plan, store, command.fresh),
                        pool.jobs};
  const bool prints = command.launcher == "commands";
  if (!command.quiet) print_summary(summary, prints ? stderr : stdout);
  if (const int missing = refuse_missing(plan, summary.to_run); missing != kOk) {
    suggest_profile(command, *catalogue);
    return missing;
  }
  store.save_plan(plan);
  if (command.launcher == "slurm")
    return run_on_slurm(summary, store, asked, command.choice, command.site);
  if (prints) {
    launch::print_commands(plan.suite + "." + plan.profile, summary.to_run, store, pool, stdout);
    return kOk;
  }
  launch::look_at_memory(pool);
  std::optional<launch::Mps> mps;
  if (command.mps) mps.emplace();
  return run_here(summary, store, costs, pool, others, command.quiet);
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
  command.add_flag("--mps", options->mps,
                   "kernels of several trials run on one GPU at the same time (NVIDIA's "
                   "Multi-Process Service), not in turn");
  command
      .add_option("--launcher", options->launcher,
                  "local; slurm: submit to its queue; commands: print a line a trial")
      ->check(CLI::IsMember({"local", "slurm", "commands"}))
      ->capture_default_str();
  command
      .add_option("--site", options->site,
                  "how jobs are submitted here, instead of ~/.config/ktbench/site.toml")
      ->check(CLI::ExistingFile);
  command
      .add_option("--quarantine", options->quarantine,
                  "start no further trial of a plugin after this many crashes in a row; 0: never "
                  "mind them. The next run tries it again")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command.add_flag("-q,--quiet", options->quiet, "the tables alone, and what fails");
  auto* accept = options->choice.add_accept_to(command);
  command.add_flag("--force,--fresh", options->fresh, "run again what is cached too")
      ->excludes(accept);
  command.callback([=, &action] { action = [=] { return run(*options); }; });
}

}  // namespace ktb::app
