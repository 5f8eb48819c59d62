#pragma once
#include <string_view>

namespace ktb::core {

// Written while building (cmake/revision.cmake), in a library of its own: who commits links two
// programs again and no plugin.

/// The revision of git that ktbench was built from, with `-dirty` where files differ from it;
/// `built outside git` where there is none. Says who made a record and is in no key.
std::string_view revision();

/// `GCC 12.2.0`
std::string_view compiler();

}  // namespace ktb::core
