#pragma once
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>

namespace ktb::core {

/// The seed of one random stream, a pure function of what it depends on: `{"7", "order"}` at
/// epoch 3. Nothing random is ever stored; a stream
/// that leaves the method out is the same for all methods.
std::uint64_t axis_seed(std::span<const std::string_view> axes, std::int64_t at = 0);
inline std::uint64_t axis_seed(std::initializer_list<std::string_view> axes, std::int64_t at = 0) {
  return axis_seed(std::span(axes.begin(), axes.size()), at);
}

}  // namespace ktb::core
