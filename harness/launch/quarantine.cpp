#include "launch/quarantine.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace ktb::launch {

using core::Status;

void Quarantine::note(const core::Trial& trial, const core::Record& record) {
  const Parts parts = parts_of(trial);
  const Crash crash{parts, fmt::format("{}: {}", trial.id, record.reason)};
  for (const auto& part : parts) {
    if (record.status == Status::kCrashed) rows_[part].push_back(crash);
    // A trial that was stopped says nothing about its plugins.
    if (record.ok() || record.status == Status::kFailed || record.status == Status::kDiverged)
      rows_.erase(part);
    if (record.ok()) proven_.insert(part);
  }
}

core::Reason Quarantine::against(const core::Trial& trial) const {
  const Parts parts = parts_of(trial);
  for (const auto& part : parts) {
    if (!suspected(part)) continue;
    const Parts blamed = common(part);
    if (!std::includes(parts.begin(), parts.end(), blamed.begin(), blamed.end())) continue;
    return fmt::format(
        "not started, since {} crashed in {} trials in a row, last in {}. The next run tries it "
        "again; "
        "--quarantine 0 never leaves out",
        fmt::join(blamed, " with "), rows_.at(part).size(), rows_.at(part).back().told);
  }
  return "";
}

Quarantine::Parts Quarantine::parts_of(const core::Trial& trial) {
  const core::TrialSpec& spec = trial.outline();
  Parts parts{"method " + spec.method.plugin, "data set " + spec.task.plugin};
  for (const auto& plus : spec.plus) parts.insert("method " + plus.plugin);
  if (spec.target) parts.insert("model " + spec.target->plugin);
  for (const auto& source : spec.sources)
    parts.insert({"model " + source.plugin, "data set " + source.task.plugin});
  return parts;
}

bool Quarantine::suspected(const std::string& part) const {
  const auto row = rows_.find(part);
  if (crashes_ == 0 || row == rows_.end() || row->second.size() < crashes_) return false;
  return part.starts_with("method ") || !proven_.contains(part);
}

/// Of the last crashes in a row of `part`, what all of them had and what is not proven.
Quarantine::Parts Quarantine::common(const std::string& part) const {
  const auto& row = rows_.at(part);
  Parts found = row.back().parts;
  for (auto crash = row.rbegin(); crash != row.rbegin() + static_cast<long>(crashes_); ++crash)
    std::erase_if(found, [&](const auto& one) { return !crash->parts.contains(one); });
  std::erase_if(found, [&](const auto& one) { return one != part && proven_.contains(one); });
  return found;
}

}  // namespace ktb::launch
