#pragma once
#include <string>
#include <vector>

#include "core/table/table.hpp"

namespace ktb::core {

/// One line an entry, all tables under one header (RFC 4180):
/// numbers unrounded, in the unit that `shown_as` names.
std::string render_csv(const std::vector<Table>& tables);

}  // namespace ktb::core
