#pragma once
#include <nlohmann/json.hpp>

namespace ktb::core {

/// Keys are sorted, so `dump()` is canonical and can be hashed.
using Json = nlohmann::json;

}  // namespace ktb::core
