// Throws before it has registered anything.
#include <stdexcept>

#include "ktb/plugin.hpp"

KTB_PLUGIN(
    "method", "throws on registration", "made for tests", "",
    +[](ktb::Registrar&) { throw std::runtime_error("the licence server is asleep"); })
