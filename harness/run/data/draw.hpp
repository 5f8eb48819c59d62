#pragma once
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace ktb::run {

/// How a part takes from the classes: as many of each, or as they are frequent.
enum class Take { kEqually, kInProportion };

/// Sorted positions of `count` examples. `seed` decides which; of one seed, a smaller part is
/// within a larger one.
at::Tensor draw(const std::vector<std::int64_t>& labels, std::int64_t count, Take take,
                std::uint64_t seed);

}  // namespace ktb::run
