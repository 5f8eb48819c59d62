#pragma once
#include "core/table/table.hpp"

namespace ktb::core {

/// The entries' differences to the baseline as a table of its own; no rows where there are none.
Table difference_table(const Table& table);

}  // namespace ktb::core
