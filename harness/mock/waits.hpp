#pragma once
#include <cstdint>
#include <string>

namespace ktb::mock {

/// Notes that a host would have waited for a GPU here: for all that is queued there.
void waited(const std::string& what);

/// How often so far.
std::int64_t waits();

/// The places that made it wait most since this was last asked, at most so many: count, what for,
/// and the innermost calls outside LibTorch as `file.so+0x1234`, which addr2line reads. Empty
/// unless KTB_MOCK_PLACES is set, since looking for them costs.
std::string wait_places(std::size_t most);

}  // namespace ktb::mock
