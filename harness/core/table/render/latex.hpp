#pragma once
#include <string>

#include "core/table/table.hpp"

namespace ktb::core {

/// A booktabs table (packages booktabs and graphicx) and, before it, a macro for every number:
/// prose that writes `\ktbMainKdFivePercent` cannot drift from the table. `fit` is `column` or
/// `page`: a table that is too wide for it is scaled down, never up.
std::string render_latex(const Table& table);

}  // namespace ktb::core
