#pragma once
#include <cstdint>

#include "ktb/task.hpp"

namespace ktb {

// Random numbers as a function of a seed and of each number's place, made of tensor operations. The
// same on every device (normal(): to rounding), and new ones in each replay of a recorded step,
// which a device's own generator gives only to the harness.

/// int64 [sizes] from 0 to `below` - 1. `seed`: an int64 scalar, as Step::seed() gives it, on whose
/// device they are made.
KTB_API Tensor random_integers(const Tensor& seed, std::int64_t below, at::IntArrayRef sizes);

/// float [sizes] in [0, 1), in steps of 2^-24.
KTB_API Tensor random_uniform(const Tensor& seed, at::IntArrayRef sizes);

/// float [sizes], standard normal.
KTB_API Tensor random_normal(const Tensor& seed, at::IntArrayRef sizes);

}  // namespace ktb
