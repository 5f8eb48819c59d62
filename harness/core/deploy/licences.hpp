#pragma once
#include <string>

namespace ktb::core {

/// What is known of the licence of a data set's data, in a sentence for a model card, and for a
/// plugin that is not of this tree that nothing is.
std::string licence_of_data(const std::string& plugin);

}  // namespace ktb::core
