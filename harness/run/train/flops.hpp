#pragma once
#include <cstdint>
#include <functional>

namespace ktb::run {

/// Floating-point operations of what `work` runs on this thread: twice the multiply-adds of its
/// convolutions, matrix products and attention. Measured by an operator hook on real data, because
/// routes through a hub depend on it.
double count_flops(const std::function<void()>& work);

}  // namespace ktb::run
