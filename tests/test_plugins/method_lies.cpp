// Its note fits this ktbench, its code says that it does not.
#include "note.hpp"

TEST_NOTE("note and code differ")
TEST_DESCRIPTOR(
    "sdk=another", +[](ktb::Registrar&) {})
