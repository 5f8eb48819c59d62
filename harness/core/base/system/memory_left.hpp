#pragma once
#include <cstddef>

namespace ktb::core {

/// Bytes that may still be taken without anything being swapped or killed: by the machine's count
/// and by that of the control group that this process is in.
std::size_t memory_left();

}  // namespace ktb::core
