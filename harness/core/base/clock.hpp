#pragma once
#include <optional>
#include <string>

namespace ktb::core {

std::string utc_now();  ///< 2024-05-01T12:00:00Z

/// Seconds since 1970 of a text like that; none: it is not like that.
std::optional<double> seconds_of_utc(const std::string& text);

/// Seconds on a clock that nobody sets: only differences mean something.
double seconds_now();

}  // namespace ktb::core
