#pragma once
#include <string>
#include <vector>

namespace ktb::core {

/// One line of RFC 4180, ending in CR LF; its fields are made by `csv_field`.
std::string csv_line(const std::vector<std::string>& fields);

/// The shortest text that reads back as the same number.
std::string csv_number(double value);

}  // namespace ktb::core
