#pragma once
#include <vector>

#include "core/table/table.hpp"

namespace ktb::core {

/// One table of a suite as two folders of results make it: each column that both have as A, as B
/// and as B less A, which says `differs` where the means are further apart than the larger of both
/// spreads. Rows and columns are the same where their headings are; the legend names columns that
/// only one has.
Table side_by_side(const Table& a, const Table& b);

/// Of the tables of one name.
std::vector<Table> side_by_side(const std::vector<Table>& a, const std::vector<Table>& b);

}  // namespace ktb::core
