#pragma once
#include <string>
#include <string_view>

namespace ktb {

/// The code points of a text. Throws ktb::Error where it is no UTF-8.
std::u32string points_of(std::string_view text);

}  // namespace ktb
