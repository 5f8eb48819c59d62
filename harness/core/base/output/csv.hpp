#pragma once
#include <string>
#include <vector>

namespace ktb::core {

/// One line of RFC 4180, ending in CR LF: quoted where a comma,
/// a quote or a line break asks for it.
std::string csv_line(const std::vector<std::string>& fields);

/// The shortest text that reads back as the same number.
std::string csv_number(double value);

}  // namespace ktb::core
