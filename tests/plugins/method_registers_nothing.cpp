// Loads, and then offers nothing.
#include "ktb/plugin.hpp"

KTB_PLUGIN(
    "method", "registers nothing", "made for tests", "", +[](ktb::Registrar&) {})
