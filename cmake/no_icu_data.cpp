// ICU's data file with nothing in it, for programs that link its archive: what harness/core/base/unicode.cpp asks for is in
// ICU's code (tests/core/base/unicode_test.cpp). The layout is that of a common data file with a table of no contents.
#include <unicode/udata.h>
#include <unicode/utypes.h>

#include <cstdint>

namespace {

struct NoData {
  std::uint16_t header_size;
  std::uint8_t magic1, magic2;
  UDataInfo info;
  char padding[8];
  std::uint32_t count, reserved;
};
static_assert(sizeof(NoData) == 40);

}  // namespace

extern "C" {

// The archive is compiled for programs, where variables are reached without a table, and libktb.so is none: so they are hidden.
// The first two are libc's by their names, and wanted by functions of time zones that nobody calls.
[[gnu::visibility("hidden")]] char* no_names_of_zones[2] asm("tzname") = {};
[[gnu::visibility("hidden")]] long no_time_zone asm("__timezone") = 0;

[[gnu::visibility("hidden")]] extern const NoData U_ICUDATA_ENTRY_POINT;
alignas(16) const NoData U_ICUDATA_ENTRY_POINT = {
    32, 0xDA, 0x27, {sizeof(UDataInfo), 0, 0, 0, 2, 0, {'T', 'o', 'C', 'P'}, {1, 0, 0, 0}, {}},
    {}, 0,    0};
}
