#pragma once
#include <cstdlib>

#include "note.hpp"

/// A library that must not be loaded ends whoever loads it.
[[maybe_unused]] static const bool kLoaded = (std::abort(), true);
