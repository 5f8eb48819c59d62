#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "app/command.hpp"
#include "app/session.hpp"
#include "app/verdict.hpp"
#include "core/base/error.hpp"
#include "core/base/output/print.hpp"
#include "core/plan/make_plan.hpp"
#include "core/store/comparison.hpp"
#include "launch/local.hpp"
#include "launch/progress.hpp"

namespace ktb::app {
namespace {

namespace fs = std::filesystem;

struct VerifyCommand {
  Choice choice;
  int jobs = 0, threads = 0;
  std::int64_t steps = 24;
};

/// The first trial of every method, by the method's name in the suite.
std::map<std::string, std::string> trial_of_each_method(const core::Plan& plan) {
  std::map<std::string, std::string> chosen;
  for (const auto& cell : plan.cells)
    if (!cell.samples.empty() && !cell.samples[0].trial.empty())
      chosen.emplace(cell.axes.at("method"), cell.samples[0].trial);
  return chosen;
}

/// These trials and the sources that they need, in the plan's order, with weights to compare.
std::vector<core::Trial> with_sources(const core::Plan& plan,
                                      const std::map<std::string, std::string>& chosen) {
  std::set<std::string> wanted;
  for (const auto& [method, id] : chosen) wanted.insert(id);
  std::vector<core::Trial> trials;
  for (auto trial = plan.trials.rbegin(); trial != plan.trials.rend(); ++trial) {
    if (!wanted.contains(trial->id)) continue;
    wanted.insert(trial->needs.begin(), trial->needs.end());
    trials.insert(trials.begin(), *trial);
    trials.front().keep_weights = true;
    trials.front().change(
        [](core::TrialSpec& spec) { spec.limits.retries = std::max(1.0, spec.limits.retries); });
  }
  return trials;
}

/// Runs them in a folder of their own.
core::Store run_all(const std::vector<core::Trial>& trials, const fs::path& results,
                    const launch::PoolOptions& pool) {
  core::Store store(results.string());
  launch::CostBook costs((results / "cache/costs.jsonl").string());
  std::vector<const core::Trial*> all;
  for (const auto& trial : trials) all.push_back(&trial);
  core::print("{}\n", pool.rehearse ? "each killed once, and gone on with:" : "undisturbed:");
  launch::Progress progress(stdout, all.size());
  if (launch::LocalPool(all, store, costs, progress, pool).run().interrupted)
    throw core::Error("Stopped.");
  return store;
}

/// Says how the two runs of one method's trial compare.
bool same(const std::string& method, const std::string& id, const core::Store& whole,
          const core::Store& killed) {
  const auto first = whole.load(id), second = killed.load(id);
  if (!first || !second || !first->ok() || !second->ok()) {
    const auto& bad = first && first->ok() ? second : first;
    core::print("  {}: not compared: {}\n", method, bad ? bad->reason : "it left no record");
    return false;
  }
  const auto compared = core::compare(whole, id, killed, id, 0);
  const bool resumed = second->cost.contains("resumed");
  if (compared.agreement == core::Agreement::kIdentical) {
    core::print("  {}: identical{}\n", method,
                resumed ? "" : " (nothing learns, so nothing stops)");
    return true;
  }
  core::print("  {}: DIFFERENT\n", method);
  print_differences(compared);
  return false;
}

int verify(const VerifyCommand& command) {
  const auto& choice = command.choice;
  const Site& site = choice.site;
  const auto catalogue = site.catalogue();
  const bool all_steps = command.steps == 0;
  const core::Plan plan = core::make_plan(choice.read(), *catalogue,
                                          {.device = choice.device,
                                           .smoke = !all_steps,
                                           .filters = choice.filters,
                                           .smoke_steps = command.steps});
  const auto methods = trial_of_each_method(plan);
  const auto trials = with_sources(plan, methods);
  if (trials.empty()) throw core::Error(fmt::format("error: {} plans no trial", plan.file));
  if (const int missing = refuse_missing(plan, {&trials.front()}); missing != kOk) return missing;
  auto pool = launch::settle({.jobs = command.jobs,
                              .threads = command.threads,
                              .device = choice.device,
                              .worker = site.worker(),
                              .worker_flags = site.worker_flags(),
                              .checkpoint = 0});
  launch::look_at_memory(pool);
  const fs::path root = fs::path(site.results) / "cache" / fmt::format("resume.{}", ::getpid());
  const auto whole = run_all(trials, root / "whole", pool);
  pool.rehearse = true;
  const auto killed = run_all(trials, root / "killed", pool);
  core::print("\n{} methods of {}:\n", methods.size(), plan.file);
  std::size_t good = 0;
  for (const auto& [method, id] : methods) good += same(method, id, whole, killed);
  if (good == methods.size()) {
    fs::remove_all(root);
    core::print("a run that was killed ends as one that was not\n");
    return kOk;
  }
  core::print("both runs are in {}\n", root.string());
  return kTrialFailed;
}

}  // namespace

void add_verify_resume(CLI::App& app, Action& action) {
  auto& command = *app.add_subcommand(
      "verify-resume", "kill one trial of every method of a suite, go on, and compare");
  const auto options = std::make_shared<VerifyCommand>();
  options->choice.add_to(command);
  command.add_option("--steps", options->steps, "of each trial; 0: as many as the suite says")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command.add_option("-j,--jobs", options->jobs, "trials at once")->check(CLI::PositiveNumber);
  command.add_option("--threads", options->threads, "threads a trial")->check(CLI::PositiveNumber);
  command.callback([=, &action] { action = [=] { return verify(*options); }; });
}

}  // namespace ktb::app
