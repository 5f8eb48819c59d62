#pragma once
#include <zlib.h>

#include <array>
#include <string>

#include "ktb/files.hpp"

// Picture and font files for tests, written byte by byte.

namespace ktb::run {

inline void append(Bytes& bytes, const Bytes& more) {
  bytes.insert(bytes.end(), more.begin(), more.end());
}

/// The `size` lowest bytes of a number, the highest first.
inline Bytes big_endian(std::uint64_t number, int size) {
  Bytes bytes;
  for (int i = size - 1; i >= 0; --i) bytes.push_back(static_cast<std::uint8_t>(number >> (8 * i)));
  return bytes;
}

inline Bytes little_endian(std::uint64_t number, int size) {
  const auto bytes = big_endian(number, size);
  return {bytes.rbegin(), bytes.rend()};
}

inline Bytes png_chunk(const std::string& type, const Bytes& content) {
  Bytes body(type.begin(), type.end());
  append(body, content);
  auto chunk = big_endian(content.size(), 4);
  append(chunk, body);
  append(chunk, big_endian(crc32(0, body.data(), static_cast<unsigned>(body.size())), 4));
  return chunk;
}

/// What the bytes of a PNG's pixels mean, as its header counts.
enum class PngKind { kGrey = 0, kRgb = 2, kPalette = 3, kGreyAlpha = 4, kRgba = 6 };

/// `pixels` row by row, 8 bits each; `palette` of kPalette, red, green, blue.
inline Bytes png(unsigned width, unsigned height, PngKind kind, const Bytes& pixels,
                 const Bytes& palette = {}) {
  Bytes rows;
  const auto stride = pixels.size() / height;
  for (std::size_t at = 0; at < pixels.size(); at += stride) {
    rows.push_back(0);  // no filter
    rows.insert(rows.end(), pixels.begin() + static_cast<std::ptrdiff_t>(at),
                pixels.begin() + static_cast<std::ptrdiff_t>(at + stride));
  }
  Bytes packed(compressBound(rows.size()));
  auto size = static_cast<uLongf>(packed.size());
  compress(packed.data(), &size, rows.data(), rows.size());
  packed.resize(size);

  Bytes file = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
  auto header = big_endian(width, 4);
  append(header, big_endian(height, 4));
  append(header, {8, static_cast<std::uint8_t>(kind), 0, 0, 0});
  append(file, png_chunk("IHDR", header));
  if (!palette.empty()) append(file, png_chunk("PLTE", palette));
  append(file, png_chunk("IDAT", packed));
  append(file, png_chunk("IEND", {}));
  return file;
}

/// A picture of one colour.
inline Bytes plain_png(unsigned side, std::uint8_t red, std::uint8_t green, std::uint8_t blue) {
  Bytes pixels;
  for (unsigned i = 0; i < side * side; ++i) append(pixels, {red, green, blue});
  return png(side, side, PngKind::kRgb, pixels);
}

inline Bytes pnm(char kind, unsigned width, unsigned height, const Bytes& pixels) {
  const auto head = std::string("P") + kind + "\n# a comment\n" + std::to_string(width) + " " +
                    std::to_string(height) + "\n255\n";
  Bytes file(head.begin(), head.end());
  append(file, pixels);
  return file;
}

/// 24 bits a pixel; `pixels` from the lowest row on, blue, green, red, rows of 4 n bytes.
inline Bytes bmp(unsigned width, unsigned height, const Bytes& pixels) {
  Bytes file = {'B', 'M'};
  for (const std::uint64_t number : {54 + pixels.size(), std::size_t{0}, std::size_t{54},
                                     std::size_t{40}, std::size_t{width}, std::size_t{height}})
    append(file, little_endian(number, 4));
  append(file, little_endian(1, 2));
  append(file, little_endian(24, 2));
  append(file, Bytes(24, 0));
  append(file, pixels);
  return file;
}

}  // namespace ktb::run
