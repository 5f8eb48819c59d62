#pragma once
#include <string>
#include <vector>

#include "core/plan/plan.hpp"

namespace ktb::app {

/// A folder of `--data-dir` as workers are told it, and name it in their answers.
std::string place_of(const std::string& dir);

/// What the user names by `--data-dir` is not passed over in silence: a sentence for each folder
/// that nothing is from, and for each data set that is from elsewhere or from several places.
/// Throws core::Error where nothing is from a folder, and something would be from one not named.
std::vector<std::string> notes_on_places(const core::Plan& plan,
                                         const std::vector<std::string>& dirs);

}  // namespace ktb::app
