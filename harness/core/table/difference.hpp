#pragma once
#include <string>

#include "core/table/table.hpp"

namespace ktb::core {

/// The entries' differences to the baseline as a table of its own; no rows where there are none, or
/// where the table shows them itself.
Table difference_table(const Table& table);

/// The label of the row or column that others are measured by; empty: there is none.
std::string baseline_of(const Table& table);

/// Their sizes, where the suite wants them, in the same places.
Table effect_table(const Table& table);

}  // namespace ktb::core
