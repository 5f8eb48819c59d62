#include "sdk/points.hpp"

#include "core/error.hpp"
#include "core/unicode.hpp"
#include "ktb/error.hpp"

namespace ktb {

std::u32string points_of(std::string_view text) try {
  return core::decode_utf8(text);
} catch (const core::Error& error) {
  throw Error(error.what());
}

}  // namespace ktb
