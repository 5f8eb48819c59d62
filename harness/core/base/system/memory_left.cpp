#include "core/base/system/memory_left.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

namespace ktb::core {
namespace {

namespace fs = std::filesystem;

std::size_t machine() {
  std::ifstream file("/proc/meminfo");
  for (std::string name; file >> name;) {
    std::size_t kib = 0;
    if (name == "MemAvailable:" && file >> kib) return kib << 10;
  }
  return 0;
}

/// None: no file, or `max`.
std::optional<std::size_t> number_in(const fs::path& path) {
  std::size_t number = 0;
  if (std::ifstream(path) >> number) return number;
  return std::nullopt;
}

/// Below the root of the groups, or in it, where a container sees its own group as the root.
std::string group() {
  std::ifstream file("/proc/self/cgroup");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("0::/")) return line.substr(4);
  return "";
}

}  // namespace

std::size_t memory_left() {
  std::size_t left = machine();
  const fs::path root = "/sys/fs/cgroup";
  for (const fs::path& folder : {root, root / group()}) {
    const auto most = number_in(folder / "memory.max"), now = number_in(folder / "memory.current");
    if (most && now) left = std::min(left, *most - std::min(*most, *now));
  }
  const fs::path first = root / "memory";  // of version 1
  const auto most = number_in(first / "memory.limit_in_bytes"),
             now = number_in(first / "memory.usage_in_bytes");
  if (most && now) left = std::min(left, *most - std::min(*most, *now));
  return left;
}

}  // namespace ktb::core
