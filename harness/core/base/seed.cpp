#include "core/base/seed.hpp"

namespace ktb::core {
namespace {

/// The finaliser of SplitMix64: every input bit reaches every output bit.
std::uint64_t scramble(std::uint64_t value) {
  value += 0x9E3779B97F4A7C15u;
  value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9u;
  value = (value ^ (value >> 27)) * 0x94D049BB133111EBu;
  return value ^ (value >> 31);
}

/// FNV-1a.
std::uint64_t hash(std::string_view text) {
  std::uint64_t value = 0xCBF29CE484222325u;
  for (const unsigned char byte : text) value = (value ^ byte) * 0x100000001B3u;
  return value;
}

}  // namespace

std::uint64_t axis_seed(std::span<const std::string_view> axes, std::int64_t at) {
  std::uint64_t state = axes.size();
  for (const auto axis : axes) state = scramble(state ^ hash(axis));
  return scramble(state ^ scramble(static_cast<std::uint64_t>(at)));
}

}  // namespace ktb::core
