#pragma once
#include <vector>

#include "core/plan/plan.hpp"
#include "core/suite/suite.hpp"

namespace ktb::core {

/// Throws SuiteError for a table with two cells in one entry, or with an empty row or column.
void check_tables(const Suite& suite, const std::vector<Cell>& cells);

}  // namespace ktb::core
