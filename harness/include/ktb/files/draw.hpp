#pragma once
#include <cstdint>
#include <set>
#include <string>

#include "ktb/export.hpp"

namespace ktb {

/// `count` of these names, by lot: those whose digests come first. Nothing but the names decides,
/// so a split by names (fonts, code points, captions) is the same wherever it is made.
KTB_API std::set<std::string> drawn(const std::set<std::string>& names, std::int64_t count);

}  // namespace ktb
