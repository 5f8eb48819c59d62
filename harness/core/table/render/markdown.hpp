#pragma once
#include <string>

#include "core/table/table.hpp"

namespace ktb::core {

/// A pipe table with its caption above and its notes below.
std::string render_markdown(const Table& table);

}  // namespace ktb::core
