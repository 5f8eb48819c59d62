// Loads, and then offers nothing.
#include "note.hpp"

TEST_NOTE("registers nothing")
TEST_DESCRIPTOR(
    KTB_ABI_KEY, +[](ktb::Registrar&) {})
