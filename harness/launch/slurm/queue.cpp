#include "launch/slurm/queue.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "launch/share/work_list.hpp"

namespace ktb::launch {
namespace {

constexpr std::string_view kPrefix = "ktb.";

/// List and group of a job's name; none: it is no job of ours.
std::optional<std::pair<std::string, std::string>> list_and_group(const std::string& name) {
  const auto dot = name.rfind('.');
  if (!name.starts_with(kPrefix) || dot < kPrefix.size()) return std::nullopt;
  return std::pair{name.substr(kPrefix.size(), dot - kPrefix.size()), name.substr(dot + 1)};
}

}  // namespace

std::string job_name(const std::string& list, const std::string& group) {
  return std::string(kPrefix) + list + "." + group;
}

SlurmQueue::SlurmQueue(const Slurm& slurm, const std::filesystem::path& results) {
  for (const QueuedTask& task : slurm.queue()) {
    const auto ours = list_and_group(task.name);
    if (!ours || !std::filesystem::exists(WorkList::path(results, ours->first))) continue;
    auto known = std::ranges::find(groups_, task.job, &QueuedGroup::job);
    if (known == groups_.end())
      known = groups_.insert(groups_.end(), {task.job, ours->first, ours->second});
    const bool waits = task.state == "PENDING" || task.state.starts_with("REQUEUE");
    ++(waits ? known->waiting : known->running);
    if (waits) known->reason = task.reason;
  }
  std::set<std::string> lists;
  for (const auto& group : groups_) lists.insert(group.list);
  for (const auto& name : lists) {
    const WorkList list(WorkList::path(results, name));
    for (const auto& head : list.heads())
      for (const auto& group : groups_)
        if (group.list == name && group.group == head.group) jobs_[head.id].insert(group.job);
  }
}

std::set<std::string> SlurmQueue::jobs_of(const std::string& trial) const {
  const auto known = jobs_.find(trial);
  return known != jobs_.end() ? known->second : std::set<std::string>();
}

}  // namespace ktb::launch
