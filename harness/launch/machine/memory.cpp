#include "launch/machine/memory.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace ktb::launch {
namespace {

namespace fs = std::filesystem;

/// Each thread lists the children that it started.
std::vector<pid_t> children_of(pid_t pid) {
  std::vector<pid_t> children;
  std::error_code gone;  // threads end while one looks
  for (fs::directory_iterator thread(fmt::format("/proc/{}/task", pid), gone), end;
       !gone && thread != end; thread.increment(gone)) {
    std::ifstream list(thread->path() / "children");
    for (pid_t child = 0; list >> child;) children.push_back(child);
  }
  return children;
}

std::size_t resident_pages(pid_t pid) {
  std::ifstream statm(fmt::format("/proc/{}/statm", pid));
  std::size_t all = 0, resident = 0;
  statm >> all >> resident;
  for (const pid_t child : children_of(pid)) resident += resident_pages(child);
  return resident;
}

/// The number behind a word of a file of counters; 0 where there is none.
std::int64_t counter(const fs::path& path, const std::string& name) {
  std::ifstream file(path);
  for (std::string word; file >> word;) {
    std::int64_t value = 0;
    if (word == name && file >> value) return value;
  }
  return 0;
}

/// Version 1 and 2 of control groups; inside a container its own group may be the root of both.
std::int64_t group_kills() {
  const fs::path root = "/sys/fs/cgroup";
  std::int64_t most = std::max(counter(root / "memory.events", "oom_kill"),
                               counter(root / "memory/memory.oom_control", "oom_kill"));
  std::ifstream file("/proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {
    const auto last = line.rfind(':');
    const auto group = line.substr(line.find('/', last) + 1);
    if (line.starts_with("0::"))
      most = std::max(most, counter(root / group / "memory.events", "oom_kill"));
    if (line.find(":memory:") != std::string::npos)
      most = std::max(most, counter(root / "memory" / group / "memory.oom_control", "oom_kill"));
  }
  return most;
}

}  // namespace

std::size_t resident_mib(pid_t pid) {
  return resident_pages(pid) * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)) >> 20;
}

std::int64_t oom_kills() { return counter("/proc/vmstat", "oom_kill") + group_kills(); }

}  // namespace ktb::launch
