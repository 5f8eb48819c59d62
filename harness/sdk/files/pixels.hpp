#pragma once
#include <cstdint>
#include <span>
#include <string>

#include "ktb/files.hpp"

namespace ktb {

/// A decoded picture: red, green, blue, row by row from the top.
struct Pixels {
  std::int64_t height = 0, width = 0;
  Bytes rgb;  ///< [height, width, 3]
};

/// What the bytes of a PNG, JPEG, WebP, BMP or PNM file show; what is transparent becomes white.
/// Whatever the bytes are, it gives pixels or throws Error with `name`, the file.
Pixels decode_picture(std::span<const std::uint8_t> bytes, const std::string& name);

/// The decoders and their versions, on which the pixels of a JPEG may depend: for keys of caches.
std::string picture_decoders();

}  // namespace ktb
