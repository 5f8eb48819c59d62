#include "launch/slurm/slurm.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <sstream>

#include "core/base/error.hpp"
#include "launch/process.hpp"

namespace ktb::launch {
namespace {

constexpr int kNotThere = 127;

/// What a command printed; throws core::Error where it failed.
std::string said(const std::vector<std::string>& command) {
  const Answer answer = ask(command);
  if (answer.exit.signal == 0 && answer.exit.code == kNotThere)
    throw core::Error(fmt::format(
        "error: there is no `{}` on this machine\n"
        "  Slurm's commands are on a cluster's login nodes; `--launcher commands` prints "
        "lines for any other scheduler",
        command.front()));
  if (answer.exit.code != 0 || answer.exit.signal != 0)
    throw core::Error(
        fmt::format("error: `{}` failed:\n{}", shell_line(command),
                    answer.errors.substr(0, answer.errors.find_last_not_of('\n') + 1)));
  return answer.output;
}

/// `MaxArraySize            = 1001`
std::size_t most_tasks_in(const std::string& config) {
  constexpr std::string_view kName = "MaxArraySize";
  const auto at = config.find(kName);
  const auto equals = at == config.npos ? at : config.find('=', at);
  if (equals == config.npos)
    throw core::Error("error: `scontrol show config` says nothing of MaxArraySize");
  return std::strtoull(config.c_str() + equals + 1, nullptr, 10);
}

}  // namespace

Slurm::Slurm() {
  const std::size_t size = most_tasks_in(said({"scontrol", "show", "config"}));
  if (size < 2)
    throw core::Error(
        "error: this Slurm allows no job arrays (MaxArraySize); `--launcher commands` "
        "prints lines for job scripts of your own");
  most_tasks_ = size - 1;
}

std::vector<QueuedTask> Slurm::queue() const {
  std::vector<QueuedTask> tasks;
  std::istringstream lines(said({"squeue", "--noheader", "--array", "--user",
                                 std::to_string(::getuid()), "--format", "%F|%T|%j|%r"}));
  for (std::string line; std::getline(lines, line);) {
    QueuedTask task;
    std::istringstream parts(line);
    std::getline(parts, task.job, '|');
    std::getline(parts, task.state, '|');
    std::getline(parts, task.name, '|');
    std::getline(parts, task.reason);
    tasks.push_back(std::move(task));
  }
  return tasks;
}

std::string Slurm::submit(const std::vector<std::string>& words) const {
  std::vector<std::string> command = {"sbatch", "--parsable"};
  command.insert(command.end(), words.begin(), words.end());
  const std::string answer = said(command);
  return answer.substr(0, answer.find_first_of(";\n"));
}

}  // namespace ktb::launch
