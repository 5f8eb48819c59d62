#include "launch/share/waves.hpp"

#include <algorithm>

namespace ktb::launch {

std::map<std::string, int> waves(const std::vector<const core::Trial*>& trials) {
  std::map<std::string, int> result;
  for (const auto* trial : trials) {
    int before = 0;
    for (const auto& source : trial->needs)
      if (const auto known = result.find(source); known != result.end())
        before = std::max(before, known->second);
    result[trial->id] = before + 1;
  }
  return result;
}

}  // namespace ktb::launch
