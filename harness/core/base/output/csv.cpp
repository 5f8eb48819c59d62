#include "core/base/output/csv.hpp"

#include <fmt/format.h>

#include <cmath>

#include "core/base/output/escape.hpp"

namespace ktb::core {

std::string csv_line(const std::vector<std::string>& fields) {
  std::string line;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (i > 0) line += ',';
    line += csv_field(fields[i]);
  }
  return line + "\r\n";
}

std::string csv_number(double value) {
  return std::isnan(value) ? "nan" : fmt::format("{}", value);
}

}  // namespace ktb::core
