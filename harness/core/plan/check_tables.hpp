#pragma once
#include <map>
#include <string>
#include <vector>

#include "core/plan/describe.hpp"
#include "core/plan/plan.hpp"
#include "core/suite/suite.hpp"

namespace ktb::core {

/// Throws SuiteError for a table with two cells in one entry, with an empty row or column, or with
/// a metric that no task of its data sets has. `tasks`: of data sets, as far as they are known.
void check_tables(const Suite& suite, const std::vector<Cell>& cells,
                  const std::map<std::string, TaskAnswer>& tasks);

}  // namespace ktb::core
