#include "launch/clean.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>

#include "core/base/error.hpp"
#include "core/base/json_file.hpp"
#include "core/base/text_file.hpp"
#include "core/store/twins.hpp"
#include "launch/lock.hpp"
#include "launch/share/work_list.hpp"

namespace ktb::launch {
namespace {

namespace fs = std::filesystem;

/// A temporary file takes another name within milliseconds, unless its writer died.
constexpr auto kHalfWritten = std::chrono::hours(1);

std::vector<fs::path> entries(const fs::path& folder) {
  std::vector<fs::path> found;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(folder, none)) found.push_back(entry.path());
  std::sort(found.begin(), found.end());
  return found;
}

/// Of a file or of all files in a folder; links count nothing.
std::uintmax_t size_of(const fs::path& path) {
  std::error_code none;
  if (fs::is_symlink(path)) return 0;
  if (!fs::is_directory(path)) return fs::exists(path) ? fs::file_size(path, none) : 0;
  std::uintmax_t bytes = 0;
  for (const auto& entry : entries(path)) bytes += size_of(entry);
  return bytes;
}

bool at_work(const core::Store& store, const std::string& id) {
  if (TrialLock::held(store.folder(id))) return true;
  const auto progress = store.progress(id);  // of a worker that somebody else started
  return progress && progress->fresh() && !fs::exists(store.folder(id).record());
}

bool is_trial(const core::TrialFolder& folder) {
  if (fs::is_symlink(folder.path()) || !fs::is_directory(folder.path())) return false;
  return fs::is_empty(folder.path()) || fs::exists(folder.spec()) || fs::exists(folder.record()) ||
         fs::exists(folder.lock());
}

/// Trials at work and all that the runs behind them may still ask for.
class Held {
 public:
  explicit Held(const core::Store& store) : store_(store) {}

  std::set<std::string> among(const std::vector<std::string>& trials) {
    for (const auto& id : trials)
      if (at_work(store_, id)) hold(id);
    if (!held_.empty())
      for (const auto& path : entries(store_.results() / "plans")) hold_plan(path);
    return held_;
  }

 private:
  /// A trial and its sources.
  void hold(const std::string& id) {
    if (!held_.insert(id).second) return;
    if (const auto stored = store_.trial(id))
      for (const auto& source : stored->spec.sources)
        if (!source.trial.empty()) hold(source.trial);
  }

  /// A run stores its plan before it starts: trials of it that wait need what has finished.
  void hold_plan(const fs::path& path) {
    const auto plan = read(path);
    if (!plan || std::none_of(plan->trials.begin(), plan->trials.end(),
                              [this](const auto& trial) { return held_.contains(trial.id); }))
      return;
    for (const auto& trial : plan->trials) held_.insert(trial.id);
  }

  static std::optional<core::Plan> read(const fs::path& path) {
    try {
      return core::plan_from_json(core::parse_json(core::read_text(path), path.string()));
    } catch (const core::Error&) {
      return std::nullopt;  // then nobody runs by it
    }
  }

  const core::Store& store_;
  std::set<std::string> held_;
};

std::string described(const core::Store& store, const std::string& id) {
  const auto record = store.load(id);
  if (!record) return "no record";
  const std::string date = core::finished(*record).substr(0, 10);
  const std::string status = core::word(record->status);
  return date.empty() ? status : fmt::format("{}, of {}", status, date);
}

void add_half_written(const fs::path& folder, std::vector<Needless>& found) {
  for (const auto& path : entries(folder)) {
    std::error_code gone;
    const auto written = fs::last_write_time(path, gone);
    if (path.extension() != ".tmp" || gone || !fs::is_regular_file(fs::symlink_status(path)) ||
        written > fs::file_time_type::clock::now() - kHalfWritten)
      continue;
    found.push_back({path, size_of(path), "a file half written", false});
  }
}

bool idle(const core::Store& store) {
  const auto trials = store.trials();
  return std::none_of(trials.begin(), trials.end(),
                      [&](const std::string& id) { return TrialLock::held(store.folder(id)); });
}

/// Folders in which `rerun` and `verify-resume` left what came out different.
void add_leftovers(const core::Store& store, std::vector<Needless>& found) {
  for (const auto& path : entries(store.results() / "cache")) {
    const auto name = path.filename().string();
    if (!fs::is_directory(path)) continue;
    if (name.starts_with("rerun.") && idle(core::Store(path)))
      found.push_back({path, size_of(path), "a rerun that came out different", false});
    if (name.starts_with("resume.") && idle(core::Store(path / "whole")) &&
        idle(core::Store(path / "killed")))
      found.push_back(
          {path, size_of(path), "a resume that was found different, or stopped", false});
  }
}

/// Lists of work of which every trial is over: any other may have jobs that wait in a queue.
void add_finished_work(const core::Store& store, std::vector<Needless>& found) {
  for (const auto& path : entries(store.results() / "work")) {
    try {
      const WorkList list(WorkList::path(store.results(), path.filename().string()));
      const bool over = std::ranges::all_of(list.heads(), [&](const WorkHead& head) {
        return fs::exists(store.folder(head.id).record()) && !at_work(store, head.id);
      });
      if (over) found.push_back({path, size_of(path), "a list of work that is done", false});
    } catch (const core::Error&) {
      continue;  // not ours
    }
  }
}

}  // namespace

Stock take_stock(const core::Store& store, const std::set<std::string>& needed) {
  Stock stock;
  const auto held = Held(store).among(store.trials());
  for (const auto& path : entries(core::TrialFolder::all(store.results()))) {
    const std::string id = path.filename().string();
    if (!is_trial(store.folder(id))) {
      stock.strangers.push_back(path);
    } else if (needed.contains(id)) {
      ++stock.needed;
      add_half_written(path, stock.needless);
    } else if (held.contains(id)) {
      stock.held.insert(id);
    } else {
      stock.needless.push_back({path, size_of(path), described(store, id), true});
    }
  }
  for (const char* folder : {"plans", "cache"})
    add_half_written(store.results() / folder, stock.needless);
  add_leftovers(store, stock.needless);
  add_finished_work(store, stock.needless);
  return stock;
}

bool discard(const core::Store& store, const Needless& needless) {
  std::optional<TrialLock> lock;
  const core::TrialFolder folder = store.folder(needless.path.filename().string());
  std::error_code failure;
  if (needless.is_trial) {
    if (!fs::exists(folder.path())) return true;
    if (!at_work(store, needless.path.filename().string())) lock = TrialLock::take(folder);
    if (!lock) return false;
    fs::remove(folder.record(), failure);  // first, so that half a folder is no finished trial
  }
  if (!failure) fs::remove_all(needless.path, failure);
  if (failure)
    throw core::Error(
        fmt::format("cannot delete {}: {}", needless.path.string(), failure.message()));
  return true;
}

}  // namespace ktb::launch
