#pragma once
#include <cstddef>
#include <optional>
#include <vector>

namespace ktb::launch {

/// What runs on a GPU.
struct GpuLoad {
  int trials = 0;
  double mib = 0;  ///< that they are thought to need
};

/// The GPU with the fewest trials, then the least memory in use, of those that have room for one
/// that needs so many MiB. `memory_mib`: of each GPU; 0: nobody knows, and then there is room. An
/// empty GPU has room for everything, since nowhere there is more.
std::optional<std::size_t> room_for(double mib, const std::vector<GpuLoad>& loads,
                                    double memory_mib);

}  // namespace ktb::launch
