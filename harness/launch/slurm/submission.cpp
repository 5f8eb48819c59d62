#include "launch/slurm/submission.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "core/base/output/print.hpp"
#include "core/base/text_file.hpp"
#include "launch/process.hpp"
#include "launch/share/waves.hpp"

namespace ktb::launch {
namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

constexpr auto kReport = "report";
/// Of one task alone, whatever the array: its number is that of the array for one of the tasks.
constexpr auto kRequeue = R"(scontrol requeue "${SLURM_ARRAY_JOB_ID}_${SLURM_ARRAY_TASK_ID}")";

/// a, b, ..., z, aa, ab, ...
std::string letters(std::size_t number) {
  std::string text(1, static_cast<char>('a' + number % 26));
  return number < 26 ? text : letters(number / 26 - 1) + text;
}

/// In double quotes, where the job's own variables are put in.
std::string expanded(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\' || c == '`') quoted += '\\';
    quoted += c;
  }
  return quoted + "\"";
}

void add(Words& words, const std::string& option, const std::string& value) {
  if (!value.empty()) words.push_back(option + "=" + value);
}

/// What stands for every job, for the report too.
Words place_of(const Resources& resources) {
  Words words;
  add(words, "--partition", resources.partition);
  add(words, "--account", resources.account);
  add(words, "--qos", resources.qos);
  words.insert(words.end(), resources.options.begin(), resources.options.end());
  return words;
}

Words size_of(const Resources& resources, const PoolOptions& options) {
  Words words = {"--nodes=1", "--ntasks=1"};
  const std::int64_t own = static_cast<std::int64_t>(options.jobs) * options.threads;
  add(words, "--cpus-per-task", std::to_string(resources.cpus > 0 ? resources.cpus : own));
  add(words, "--time", resources.time);
  add(words, "--mem", resources.memory);
  add(words, "--gres", resources.gres);
  add(words, "--constraint", resources.constraint);
  return words;
}

/// A percent sign of a path is none of Slurm's.
std::string log_path(const fs::path& folder, const std::string& file) {
  std::string text;
  for (const char c : folder.string()) text += c == '%' ? "%%" : std::string(1, c);
  return text + "/" + file;
}

std::string script_of(const Resources& resources, const Words& command) {
  std::string text = "#!/bin/bash -l\n";
  for (const auto& module : resources.modules)
    text += fmt::format("module load {} || exit 1\n", shell_quoted(module));
  if (!resources.scratch.empty())
    text += fmt::format("export TMPDIR={0}\nmkdir -p {0} || exit 1\n", expanded(resources.scratch));
  for (const auto& line : resources.before) text += line + "\n";
  return text + "exec " + shell_line(command) + "\n";
}

void keep_script(const fs::path& path, const std::string& text) {
  core::write_atomically(path, text);
  fs::permissions(path, fs::perms::owner_exec, fs::perm_options::add);
}

std::string counted(std::size_t count, const char* what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

}  // namespace

Submission::Submission(const Slurm& slurm, const SlurmQueue& queue, SiteFile& site,
                       const core::Store& store, Order order)
    : slurm_(slurm), queue_(queue), site_(site), store_(store), order_(std::move(order)) {}

void Submission::submit(const core::Plan& plan, const std::vector<const core::Trial*>& trials,
                        std::FILE* out) {
  auto groups = grouped(trials);
  note_unused_rules(out);
  const WorkList list = write(plan, groups);
  std::set<std::string> all;
  for (const auto& group : queue_.groups())
    if (group.group != kReport) all.insert(group.job);
  for (auto& group : groups) {
    submit(group, before(group, groups), list, out);
    all.insert(group.jobs.begin(), group.jobs.end());
  }
  submit_report(all, list, out);
}

std::vector<Submission::Group> Submission::grouped(const std::vector<const core::Trial*>& trials) {
  const auto wave_of = waves(trials);
  std::vector<Resources> kinds;
  std::map<std::pair<int, std::size_t>, Group> found;
  for (const auto* trial : trials) {
    const int wave = wave_of.at(trial->id);
    const Resources resources = site_.of(*trial);
    const auto kind = std::ranges::find(kinds, resources) - kinds.begin();
    if (kind == std::ssize(kinds)) kinds.push_back(resources);
    Group& group = found[{wave, static_cast<std::size_t>(kind)}];
    group.name = std::to_string(wave) + letters(static_cast<std::size_t>(kind));
    group.wave = wave;
    group.resources = resources;
    group.trials.push_back(trial);
  }
  std::vector<Group> groups;
  for (auto& [key, group] : found) {
    wave_tasks_[group.wave] += tasks_of(group);
    groups.push_back(std::move(group));
  }
  return groups;
}

std::size_t Submission::tasks_of(const Group& group) const {
  const auto at_once = static_cast<std::size_t>(order_.options.jobs);
  return std::min(static_cast<std::size_t>(site_.tasks()),
                  (group.trials.size() + at_once - 1) / at_once);
}

/// With what is in the queue already and needed here: if it is lost there, it is trained here.
WorkList Submission::write(const core::Plan& plan, const std::vector<Group>& groups) const {
  std::map<std::string, std::string> group_of;
  for (const auto& group : groups)
    for (const auto* trial : group.trials) group_of[trial->id] = group.name;
  std::vector<Work> work;
  for (auto trial = plan.trials.rbegin(); trial != plan.trials.rend(); ++trial) {
    const auto its = group_of.find(trial->id);
    if (its == group_of.end()) continue;
    work.push_back({&*trial, its->second});
    for (const auto& source : trial->needs)
      if (!queue_.jobs_of(source).empty()) group_of.emplace(source, "");
  }
  std::ranges::reverse(work);
  return WorkList::write(order_.name, work, store_, order_.options);
}

/// The jobs that train what a group needs.
std::set<std::string> Submission::before(const Group& group,
                                         const std::vector<Group>& groups) const {
  std::set<std::string> needed, jobs;
  for (const auto* trial : group.trials) needed.insert(trial->needs.begin(), trial->needs.end());
  for (const auto& source : needed) jobs.merge(queue_.jobs_of(source));
  for (const auto& other : groups)
    if (std::ranges::any_of(other.trials,
                            [&](const auto* one) { return needed.contains(one->id); }))
      jobs.insert(other.jobs.begin(), other.jobs.end());
  return jobs;
}

/// `%8`: an array's share of the tasks that may run at once.
std::string Submission::limit(std::size_t tasks, const Group& group) const {
  if (site_.at_once() == 0) return "";
  const auto all = static_cast<std::size_t>(site_.at_once());
  return fmt::format("%{}", std::max<std::size_t>(1, all * tasks / wave_tasks_.at(group.wave)));
}

void Submission::submit(Group& group, const std::set<std::string>& after, const WorkList& list,
                        std::FILE* out) {
  const fs::path folder = list.file().parent_path(), script = folder / (group.name + ".sh");
  keep_script(script, script_of(group.resources, {beside_this("ktbench"), "work", list.file(),
                                                  "--group", group.name, "--at-limit", kRequeue}));
  Words words = place_of(group.resources);
  const Words size = size_of(group.resources, order_.options);
  words.insert(words.end(), size.begin(), size.end());
  add(words, "--job-name", job_name(list.name(), group.name));
  add(words, "--output", log_path(folder, group.name + ".%A_%a.log"));
  add(words, "--signal", fmt::format("B:USR1@{}", site_.warning()));
  words.insert(words.end(), {"--requeue", "--open-mode=append"});
  if (!after.empty()) add(words, "--dependency", fmt::format("afterany:{}", fmt::join(after, ":")));
  for (std::size_t left = tasks_of(group); left > 0;) {
    const std::size_t tasks = std::min(left, slurm_.most_tasks());
    left -= tasks;
    Words chunk = words;
    chunk.push_back(fmt::format("--array=0-{}{}", tasks - 1, limit(tasks, group)));
    chunk.push_back(script.string());
    const std::string job = slurm_.submit(chunk);
    group.jobs.insert(job);
    core::print(out, "submitted job {}: group {} of {}, {}{}\n  {}\n", job, group.name,
                counted(group.trials.size(), "trial"), counted(tasks, "task"),
                after.empty() ? "" : fmt::format(", after {}", fmt::join(after, ", ")),
                fmt::join(size, " "));
    std::fflush(out);
  }
}

void Submission::submit_report(const std::set<std::string>& after, const WorkList& list,
                               std::FILE* out) {
  const fs::path folder = list.file().parent_path(), script = folder / "report.sh",
                 table = folder / "table.txt";
  Words command = order_.report;
  command.insert(command.end(), {"-o", table.string()});
  keep_script(script, script_of(site_.usual(), command));
  Words words = place_of(site_.usual());
  words.insert(words.end(), {"--nodes=1", "--ntasks=1", "--cpus-per-task=1", "--time=15"});
  add(words, "--job-name", job_name(list.name(), kReport));
  add(words, "--output", log_path(folder, "report.log"));
  if (!after.empty()) add(words, "--dependency", fmt::format("afterany:{}", fmt::join(after, ":")));
  words.push_back(script.string());
  core::print(out, "submitted job {}: the tables, after all, into {}\n", slurm_.submit(words),
              table.string());
}

void Submission::note_unused_rules(std::FILE* out) const {
  for (const auto& place : site_.unused())
    core::print(out, "note    {}: this rule is about none of these trials\n", place);
}

}  // namespace ktb::launch
