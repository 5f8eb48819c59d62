#include "ktb/files/draw.hpp"

#include <map>

#include "ktb/files.hpp"

namespace ktb {

std::set<std::string> drawn(const std::set<std::string>& names, std::int64_t count) {
  std::map<std::string, std::string> by_digest;
  for (const auto& name : names) by_digest[digest(Bytes(name.begin(), name.end()))] = name;
  std::set<std::string> some;
  for (const auto& [key, name] : by_digest)
    if (static_cast<std::int64_t>(some.size()) < count) some.insert(name);
  return some;
}

}  // namespace ktb
