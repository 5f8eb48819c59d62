#pragma once
#include <zlib.h>

#include <array>
#include <string>
#include <utility>
#include <vector>

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

/// What a PNG's header says besides its size.
struct PngForm {
  PngKind kind;
  std::uint8_t depth = 8;  ///< bits a sample
  bool interlaced = false;
};

/// `rows` as they are packed, each behind the number of its filter; `chunks` stand before them.
inline Bytes png_of_rows(unsigned width, unsigned height, const PngForm& form, const Bytes& rows,
                         const std::vector<std::pair<std::string, Bytes>>& chunks = {}) {
  Bytes packed(compressBound(rows.size()));
  auto size = static_cast<uLongf>(packed.size());
  compress(packed.data(), &size, rows.data(), rows.size());
  packed.resize(size);

  Bytes file = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
  auto header = big_endian(width, 4);
  append(header, big_endian(height, 4));
  append(header, {form.depth, static_cast<std::uint8_t>(form.kind), 0, 0, form.interlaced});
  append(file, png_chunk("IHDR", header));
  for (const auto& [type, content] : chunks) append(file, png_chunk(type, content));
  append(file, png_chunk("IDAT", packed));
  append(file, png_chunk("IEND", {}));
  return file;
}

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
  if (palette.empty()) return png_of_rows(width, height, {kind}, rows);
  return png_of_rows(width, height, {kind}, rows, {{"PLTE", palette}});
}

/// A picture of one colour.
inline Bytes plain_png(unsigned side, std::uint8_t red, std::uint8_t green, std::uint8_t blue) {
  Bytes pixels;
  for (unsigned i = 0; i < side * side; ++i) append(pixels, {red, green, blue});
  return png(side, side, PngKind::kRgb, pixels);
}

inline Bytes pnm(char kind, unsigned width, unsigned height, const Bytes& pixels,
                 unsigned most = 255) {
  const auto head = std::string("P") + kind + "\n# a comment\n" + std::to_string(width) + " " +
                    std::to_string(height) + "\n" + std::to_string(most) + "\n";
  Bytes file(head.begin(), head.end());
  append(file, pixels);
  return file;
}

/// What a BMP's header says besides its width; a negative height: from the highest row on.
struct BmpForm {
  int bits = 24, height = 2, packing = 0;
  Bytes between = {};  ///< header and pixels: masks, or a palette
};

/// `pixels` from the lowest row on, rows of 4 n bytes.
inline Bytes bmp(unsigned width, const BmpForm& form, const Bytes& pixels) {
  const auto start = 54 + form.between.size();
  Bytes file = {'B', 'M'};
  for (const std::uint64_t number : {start + pixels.size(), std::size_t{0}, start, std::size_t{40},
                                     std::size_t{width}, static_cast<std::size_t>(form.height)})
    append(file, little_endian(number, 4));
  append(file, little_endian(1, 2));
  append(file, little_endian(static_cast<std::uint64_t>(form.bits), 2));
  append(file, little_endian(static_cast<std::uint64_t>(form.packing), 4));
  append(file, Bytes(20, 0));
  append(file, form.between);
  append(file, pixels);
  return file;
}

}  // namespace ktb::run
