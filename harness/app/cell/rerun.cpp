#include "app/cell/rerun.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <thread>

#include "app/verdict.hpp"
#include "core/base/error.hpp"
#include "core/base/output/print.hpp"
#include "core/store/twins.hpp"
#include "launch/local.hpp"
#include "launch/lock.hpp"
#include "launch/process.hpp"

namespace ktb::app {
namespace {

namespace fs = std::filesystem;

/// A store of its own that sees the sources' weights of the first one.
core::Store scratch_store(const core::Store& store, const core::Trial& trial) {
  const fs::path root = store.results() / "cache" / fmt::format("rerun.{}", ::getpid());
  fs::create_directories(core::TrialFolder::all(root));
  for (const auto& source : trial.needs) {
    if (!store.has_weights(source))
      throw core::Error(fmt::format(
          "error: the weights of source {} cannot be used; run the suite first", source));
    fs::create_directory_symlink(fs::absolute(store.folder(source).path()),
                                 core::TrialFolder(root, source).path());
  }
  return core::Store(root);
}

launch::Exit wait_for(launch::Process& process, std::optional<launch::TrialLock>& lock) {
  while (true) {
    if (const auto exit = process.poll()) return *exit;
    if (lock) lock->renew();
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

/// Whether the second run is as good as the first. Its folder stays where it is not identical.
bool verdict(const core::Comparison& found, const core::Store& scratch,
             const core::TrialFolder& folder, double tolerance) {
  if (found.agreement == core::Agreement::kIdentical) {
    fs::remove_all(scratch.results());
    core::print("identical: record, curve, samples and weights, times aside\n");
    return true;
  }
  const bool equal = found.agreement == core::Agreement::kEqual;
  if (equal)
    core::print("numerically equal: no two numbers are more than {:.2g} apart ({:g} is allowed)",
                found.distance, tolerance);
  else
    core::print("different (first -> second)");
  core::print(", the second is in {}\n", folder.path().string());
  print_differences(found);
  return equal;
}

}  // namespace

bool rerun(const Site& site, const core::Trial& trial, const RerunOptions& options) {
  const core::Store store = site.store();
  const auto first = core::first_made(store, trial);
  if (!first)
    throw core::Error(
        fmt::format("error: {} has no ok record to compare with; run the suite first", trial.id));
  const core::Store scratch = scratch_store(store, trial);
  const core::TrialFolder folder = scratch.folder(trial.id);
  auto lock = launch::TrialLock::take(folder);  // for `clean`
  launch::write_spec(trial, folder);
  const int threads = options.threads > 0
                          ? options.threads
                          : store.load(*first).value().provenance.value("threads", 1);
  const auto pool =
      launch::settle({1, threads, trial.outline().device, site.worker(), site.worker_flags()});
  core::print("running {} again, {} threads\n", trial.id, pool.threads);
  if (*first != trial.id) core::print("it has no record yet; the first run is {}\n", *first);
  std::fflush(stdout);
  launch::Process process(launch::trial_command(pool, folder), folder.log().string());
  wait_for(process, lock);
  if (!scratch.load(trial.id))
    throw core::Error(
        fmt::format("error: the second run left no record; its log is {}", folder.log().string()));
  return verdict(core::compare(store, *first, scratch, trial.id, options.tolerance), scratch,
                 folder, options.tolerance);
}

}  // namespace ktb::app
