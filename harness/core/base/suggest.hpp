#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace ktb::core {

/// Edits between two words: insert, delete, replace, or swap two neighbours.
std::size_t edit_distance(std::string_view a, std::string_view b);

/// The known word that the user most likely meant; empty where none is near.
std::string nearest(std::string_view word, const std::vector<std::string>& known);

/// ` (did you mean `epochs`?)`, or nothing.
std::string did_you_mean(std::string_view word, const std::vector<std::string>& known);

}  // namespace ktb::core
