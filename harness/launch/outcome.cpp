#include "launch/outcome.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <deque>
#include <fstream>

#include "core/base/clock.hpp"
#include "core/base/unicode.hpp"
#include "core/base/version.hpp"
#include "core/store/revision.hpp"

namespace ktb::launch {
namespace {

using core::Status;

constexpr std::size_t kLogLines = 20;
constexpr auto kStackMarker = "==ktb-stack==";

struct Log {
  std::deque<std::string> last;
  std::string stack;
};

Log read_log(const std::string& path) {
  Log log;
  bool in_stack = false;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    line = core::printable(line);
    if (line == kStackMarker) {
      in_stack = !in_stack;
    } else if (in_stack) {
      log.stack += line + "\n";
    } else {
      log.last.push_back(line);
      if (log.last.size() > kLogLines) log.last.pop_front();
    }
  }
  return log;
}

std::string host() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

/// The last line with something in it.
std::string last_words(const Log& log) {
  for (auto line = log.last.rbegin(); line != log.last.rend(); ++line)
    if (line->find_first_not_of(' ') != std::string::npos) return *line;
  return "";
}

std::string about_exit(int code, const Log& log) {
  const auto text =
      fmt::format("the process exited with code {} before its record was written", code);
  const auto words = last_words(log);
  return code == 0 || words.empty() ? text + " (did a plugin call exit()?)" : text + ": " + words;
}

std::pair<Status, std::string> verdict(const core::Trial& trial, const End& end, const Log& log) {
  switch (end.killed) {
    case Killed::kTimeout:
      return {Status::kTimeout,
              fmt::format("ran longer than limits.seconds = {:g}", trial.outline().limits.seconds)};
    case Killed::kMemory:
      return {Status::kOutOfMemory, fmt::format("used {} MiB of memory, limits.memory = {:g}",
                                                end.resident_mib, trial.outline().limits.memory)};
    case Killed::kInterrupt:
      return {Status::kInterrupted, "stopped by the user; the same command goes on"};
    case Killed::kTimeUp:
      return {Status::kInterrupted, "the time of its job was up; the next job goes on"};
    case Killed::kNo:
      break;
  }
  if (end.exit.signal == SIGKILL && end.by_kernel)
    return {Status::kOutOfMemory,
            fmt::format("the kernel killed it for want of memory; it held {} MiB. Fewer trials at "
                        "once (-j) or a smaller batch need less",
                        end.resident_mib)};
  if (end.exit.signal == SIGKILL)
    return {Status::kInterrupted, "killed from outside (SIGKILL); the same command goes on"};
  if (end.exit.signal == SIGTERM)
    return {Status::kInterrupted, "somebody sent SIGTERM; the same command goes on"};
  if (end.exit.signal != 0) return {Status::kCrashed, signal_name(end.exit.signal)};
  return {Status::kCrashed, about_exit(end.exit.code, log)};
}

core::Record blank(const core::Trial& trial, Status status, const std::string& reason) {
  core::Record record;
  record.id = trial.id;
  record.key = trial.key;
  record.seed = trial.seed();
  record.status = status;
  record.reason = reason;
  record.axes = trial.spec().axes;
  record.provenance = {{"host", host()},
                       {"device", trial.outline().device},
                       {"build", core::build_hash()},
                       {"revision", core::revision()},
                       {"version", core::version()},
                       {"finished", core::utc_now()}};
  return record;
}

}  // namespace

core::Record record_of(const core::Trial& trial, const End& end) {
  const Log log = read_log(end.log);
  const auto [status, reason] = verdict(trial, end, log);
  core::Record record = blank(trial, status, reason);
  record.provenance["started"] = end.started;
  record.cost = {{"total_seconds", end.seconds},
                 {"peak_memory_mib", static_cast<double>(end.resident_mib)}};
  record.rest["log"] = log.last;
  if (!log.stack.empty()) record.rest["stack"] = log.stack;
  return record;
}

core::Record record_not_started(const core::Trial& trial, const core::Reason& reason) {
  return blank(trial, Status::kFailed, reason);
}

core::Record record_without_source(const core::Trial& trial, const core::Record& source) {
  return blank(trial, Status::kFailed,
               fmt::format("its source, trial {}, is {}: {}", source.id, core::word(source.status),
                           source.reason));
}

}  // namespace ktb::launch
