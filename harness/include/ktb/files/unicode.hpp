#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "ktb/export.hpp"

namespace ktb {

/// The code points of a text. Throws Error that names the first byte which is no UTF-8.
KTB_API std::u32string points_of(std::string_view text);
/// How many there are in a text of valid UTF-8.
KTB_API std::int64_t count_points(std::string_view text);
/// Code points [begin, end) of valid UTF-8, as far as the text goes.
KTB_API std::string cut_points(std::string_view text, std::int64_t begin, std::int64_t end);

}  // namespace ktb
