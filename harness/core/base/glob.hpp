#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace ktb::core {

/// `*` is any run of characters, `?` any one; everything else stands for itself.
bool glob_match(std::string_view pattern, std::string_view text);

/// Whether any of the patterns matches; none match nothing.
bool glob_any(const std::vector<std::string>& patterns, std::string_view text);

bool is_glob(std::string_view text);

}  // namespace ktb::core
