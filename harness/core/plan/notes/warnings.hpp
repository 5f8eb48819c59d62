#pragma once
#include <string>
#include <vector>

#include "core/plan/plan.hpp"
#include "core/suite/suite.hpp"

namespace ktb::core {

/// What a reader of the tables should know before the first trial runs. `train_sizes`: data set
/// plugins' training examples by the suite's name, where known.
std::vector<std::string> warnings_of(const Suite& suite, const Plan& plan,
                                     const std::map<std::string, std::int64_t>& train_sizes);

/// What stands in the suite and does nothing: definitions that nothing uses, grids that no table
/// shows, and `exceptions`, the paths of those that no cell matches.
std::vector<std::string> idle_words(const Suite& suite, const std::vector<Cell>& cells,
                                    const std::vector<std::string>& exceptions);

}  // namespace ktb::core
