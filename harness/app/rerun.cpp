#include "app/rerun.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "core/base/error.hpp"
#include "core/base/text_file.hpp"
#include "core/plan/explain.hpp"
#include "core/store/record.hpp"
#include "launch/local.hpp"
#include "launch/process.hpp"

namespace ktb::app {
namespace {

namespace fs = std::filesystem;
using core::Json;

/// What must be the same: all but times and the machine.
Json lasting(const core::Record& record) {
  Json json = core::to_json(record);
  for (const char* passing : {"cost", "provenance"}) json.erase(passing);
  return json;
}

Json lasting_curve(const core::Store& store, const std::string& id) {
  Json lines = Json::array();
  for (Json point : store.curve(id)) {
    point.erase("seconds");
    lines.push_back(point);
  }
  return lines;
}

/// A store of its own that sees the sources' weights of the first one.
core::Store scratch_store(const core::Store& store, const core::Trial& trial) {
  const fs::path root = store.results() / "cache" / fmt::format("rerun.{}", ::getpid());
  fs::create_directories(core::TrialFolder::all(root));
  for (const auto& source : trial.needs) {
    if (!store.has_weights(source))
      throw core::Error(
          fmt::format("error: the weights of source {} are gone; run the suite first", source));
    fs::create_directory_symlink(fs::absolute(store.folder(source).path()),
                                 core::TrialFolder(root, source).path());
  }
  return core::Store(root);
}

launch::Exit wait_for(launch::Process& process) {
  while (true) {
    if (const auto exit = process.poll()) return *exit;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

std::string bytes(const fs::path& path) { return fs::exists(path) ? core::read_text(path) : ""; }

std::vector<std::string> differences(const core::Store& before, const core::Store& after,
                                     const core::Trial& trial) {
  const auto first = before.load(trial.id), second = after.load(trial.id);
  if (!second) return {"the second run left no record"};
  const auto first_files = before.folder(trial.id), second_files = after.folder(trial.id);
  const auto differs = [](const fs::path& file) { return file.filename().string() + " differs"; };
  auto found = core::key_difference(lasting(*first), lasting(*second));
  if (lasting_curve(before, trial.id) != lasting_curve(after, trial.id))
    found.push_back(differs(first_files.curve()));
  if (bytes(first_files.samples()) != bytes(second_files.samples()))
    found.push_back(differs(first_files.samples()));
  if (bytes(first_files.weights()) != bytes(second_files.weights()))
    found.push_back(differs(first_files.weights()));
  return found;
}

}  // namespace

bool rerun(const Site& site, const core::Trial& trial, int threads) {
  const core::Store store = site.store();
  const auto record = store.load(trial.id);
  if (!record || !record->ok())
    throw core::Error(
        fmt::format("error: {} has no ok record to compare with; run the suite first", trial.id));
  const core::Store scratch = scratch_store(store, trial);
  const core::TrialFolder folder = scratch.folder(trial.id);
  launch::write_spec(trial, folder);
  if (threads <= 0) threads = record->provenance.value("threads", 1);
  const auto pool =
      launch::settle({1, threads, trial.spec.device, site.worker(), site.worker_flags()});
  fmt::print("running {} again, {} threads\n", trial.id, pool.threads);
  std::fflush(stdout);
  launch::Process process(launch::trial_command(pool, folder), folder.log().string());
  wait_for(process);
  const auto found = differences(store, scratch, trial);
  if (found.empty()) {
    fs::remove_all(scratch.results());
    fmt::print("identical: record, curve, samples and weights, times aside\n");
    return true;
  }
  fmt::print("different (first -> second), the second is in {}\n", folder.path().string());
  for (const auto& difference : found) fmt::print("  {}\n", difference);
  return false;
}

}  // namespace ktb::app
