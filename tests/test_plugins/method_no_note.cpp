// Exports a descriptor, but its file says nothing before it is loaded.
#include "note.hpp"

TEST_DESCRIPTOR(
    KTB_ABI_KEY, +[](ktb::Registrar&) {})
