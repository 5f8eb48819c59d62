// Throws before it has registered anything.
#include <stdexcept>

#include "note.hpp"

TEST_NOTE("throws on registration")
TEST_DESCRIPTOR(
    KTB_ABI_KEY, +[](ktb::Registrar&) { throw std::runtime_error("the licence server is asleep"); })
