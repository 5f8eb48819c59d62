#include "core/base/version.hpp"
#include "ktb/export.hpp"

/// The build that this library is of, for the worker: it may be of another.
extern "C" KTB_API const char* ktb_build() { return ktb::core::build_hash().data(); }
