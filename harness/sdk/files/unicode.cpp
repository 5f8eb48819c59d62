#include "ktb/files/unicode.hpp"

#include "core/base/unicode.hpp"

#include <algorithm>

#include "core/base/error.hpp"
#include "ktb/error.hpp"

namespace ktb {

std::u32string points_of(std::string_view text) try {
  return core::decode_utf8(text);
} catch (const core::Error& error) {
  throw Error(error.what());
}

std::int64_t count_points(std::string_view text) {
  return std::count_if(text.begin(), text.end(), [](char byte) {
    return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80;  // begins a code point
  });
}

std::string cut_points(std::string_view text, std::int64_t begin, std::int64_t end) {
  return core::cut_utf8(text, static_cast<std::size_t>(begin), static_cast<std::size_t>(end));
}

}  // namespace ktb
