#pragma once
#include <string>

namespace ktb::core {

std::string utc_now();  ///< 2024-05-01T12:00:00Z

/// Seconds on a clock that nobody sets: only differences mean something.
double seconds_now();

}  // namespace ktb::core
