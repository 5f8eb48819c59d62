#include "launch/machine/room.hpp"

#include <tuple>

namespace ktb::launch {
namespace {

/// Kernels, libraries and what the driver keeps of a process, which no allocator counts.
constexpr double kContextMib = 700;
/// What blocks of many sizes leave unused between them.
constexpr double kUsable = 0.92;

bool has_room(double mib, const GpuLoad& load, double memory_mib) {
  if (memory_mib <= 0 || load.trials == 0) return true;
  return load.mib + mib + kContextMib * (load.trials + 1) <= kUsable * memory_mib;
}

}  // namespace

std::optional<std::size_t> room_for(double mib, const std::vector<GpuLoad>& loads,
                                    double memory_mib) {
  std::optional<std::size_t> best;
  for (std::size_t i = 0; i < loads.size(); ++i) {
    if (!has_room(mib, loads[i], memory_mib)) continue;
    const auto burden = [&](std::size_t gpu) {
      return std::tuple(loads[gpu].trials, loads[gpu].mib);
    };
    if (!best || burden(i) < burden(*best)) best = i;
  }
  return best;
}

}  // namespace ktb::launch
