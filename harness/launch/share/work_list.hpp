#pragma once
#include <cstddef>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/fields.hpp"
#include "core/plan/plan.hpp"
#include "core/store/store.hpp"
#include "launch/local.hpp"

namespace ktb::launch {

/// A trial of a list and which group of jobs is to take it; empty: it is there only in case that
/// one of the others needs it.
struct Work {
  const core::Trial* trial = nullptr;
  std::string group;
};

/// How the trials of a list are run: its first line.
struct WorkSetting {
  int jobs = 1, threads = 1, quarantine = 0;
  double checkpoint = 0;
  std::string device;
  std::vector<std::string> worker_flags;
  std::string folder;                              ///< in which paths are looked up
  std::map<std::string, std::string> environment;  ///< that says where plugins and data are
};

/// What stands first in the line of a trial; what follows is its trial.json.
struct WorkHead {
  std::string id, group;
  std::vector<std::string> needs;
};

template <core::Of<WorkSetting> Self, class Ar>
void fields(Self& setting, Ar& ar) {
  ar("jobs", setting.jobs);
  ar("threads", setting.threads);
  ar("quarantine", setting.quarantine);
  ar("checkpoint", setting.checkpoint);
  ar("device", setting.device);
  ar("worker_flags", setting.worker_flags);
  ar("folder", setting.folder);
  ar("environment", setting.environment);
}

template <core::Of<WorkHead> Self, class Ar>
void fields(Self& head, Ar& ar) {
  ar("id", head.id);
  ar("group", head.group);
  ar("needs", head.needs);
}

/// Trials that several processes run, on one machine or many: the file `results/work/NAME/list`.
/// It is written once and never changed; what has become of a trial stands in the trial's folder.
class WorkList {
 public:
  /// Writes the list under a name made of `name` and what it holds, and takes away what earlier
  /// runs of its groups' trials left as their outcome: a record that is there later is one of this
  /// list. `work` has sources first.
  static WorkList write(const std::string& name, const std::vector<Work>& work,
                        const core::Store& store, const PoolOptions& options);
  /// Throws core::Error where it is none, or cannot be read.
  explicit WorkList(const std::filesystem::path& file);
  WorkList(const WorkList&) = delete;
  WorkList& operator=(const WorkList&) = delete;

  /// Where the list of that name lies.
  static std::filesystem::path path(const std::filesystem::path& results, const std::string& name);
  const std::filesystem::path& file() const { return file_; }
  std::string name() const { return file_.parent_path().filename().string(); }
  /// The folder of results that it lies in.
  std::filesystem::path results() const;
  const std::vector<WorkHead>& heads() const { return heads_; }

  /// Makes the folder and the environment those in which it was written.
  void enter() const;
  /// All but the worker.
  PoolOptions options() const;
  /// The trials of a group and whatever of the list they need, sources first. Throws core::Error
  /// where it is none.
  std::vector<core::Trial> of_group(const std::string& group) const;
  /// Likewise of one trial; throws core::Error where it is not on the list.
  std::vector<core::Trial> of_trial(const std::string& id) const;

 private:
  std::vector<core::Trial> with_sources(std::vector<bool> wanted) const;

  std::filesystem::path file_;
  std::string text_;
  WorkSetting setting_;
  std::vector<WorkHead> heads_;
  std::vector<std::string_view> specs_;  ///< of each, the rest of its line
  std::map<std::string, std::size_t> index_;
};

}  // namespace ktb::launch
