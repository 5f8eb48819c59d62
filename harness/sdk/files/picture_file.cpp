#include "sdk/files/picture_file.hpp"

#include <algorithm>

namespace ktb {
namespace {

/// Width times height that is still decoded: 256 MB with opacity. And a side, as JPEG has it.
constexpr std::uint64_t kMostPixels = std::uint64_t{1} << 26, kLongestSide = 65535;

}  // namespace

bool PictureFile::starts(std::string_view magic) const {
  return size() > magic.size() &&
         std::equal(magic.begin(), magic.end(), bytes_.begin(),
                    [](char a, std::uint8_t b) { return static_cast<std::uint8_t>(a) == b; });
}

std::uint32_t PictureFile::at(std::size_t at) const {
  if (at >= size()) refuse_at(size(), "the file ends within a header");
  return bytes_[at];
}

std::uint32_t PictureFile::big(std::size_t start, std::size_t width) const {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < width; ++i) value = value << 8 | at(start + i);
  return value;
}

std::uint32_t PictureFile::little(std::size_t start, std::size_t width) const {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < width; ++i) value |= at(start + i) << (8 * i);
  return value;
}

void PictureFile::refuse(const std::string& what) const {
  throw Error(name_ + " cannot be decoded (" + what +
              "): expected a whole PNG, JPEG, WebP, BMP or PNM picture; repair or remove the file");
}

void PictureFile::refuse_at(std::size_t at, const std::string& what) const {
  throw Error(name_ + ", byte " + std::to_string(at) + ": " + what +
              "; the picture is damaged: get the file again, or remove it");
}

void PictureFile::need(std::size_t bytes, const std::string& kind) const {
  if (size() < bytes)
    refuse_at(size(), "the file ends before its " + kind + " picture, which takes " +
                          std::to_string(bytes) + " bytes");
}

std::size_t PictureFile::pixels(std::uint64_t width, std::uint64_t height) const {
  if (width == 0 || height == 0) refuse("it has no pixels");
  if (std::max(width, height) > kLongestSide || width * height > kMostPixels)
    refuse(std::to_string(width) + "x" + std::to_string(height) + " pixels; at most " +
           std::to_string(kMostPixels) + ", and " + std::to_string(kLongestSide) + " a side");
  return width * height;
}

Pixels on_white(std::int64_t height, std::int64_t width, Bytes rgba) {
  for (std::size_t i = 0; i < rgba.size() / 4; ++i) {  // a pixel never goes behind its old place
    const int alpha = rgba[4 * i + 3];
    for (std::size_t c = 0; c < 3; ++c) {
      const int ink = rgba[4 * i + c] * alpha + 255 * (255 - alpha);
      rgba[3 * i + c] = static_cast<std::uint8_t>((ink + 127) / 255);
    }
  }
  rgba.resize(rgba.size() / 4 * 3);
  return {height, width, std::move(rgba)};
}

Pixels decode_picture(std::span<const std::uint8_t> bytes, const std::string& name) {
  const PictureFile file(bytes, name);
  if (file.starts("\x89PNG\r\n\x1A\n")) return decode_png(file);
  if (file.starts("\xFF\xD8")) return decode_jpeg(file);
  if (file.starts("RIFF")) return decode_webp(file);
  if (file.starts("BM")) return decode_bmp(file);
  if (file.starts("P5") || file.starts("P6")) return decode_pnm(file);
  if (file.starts("GIF8")) file.refuse("a GIF");
  for (const std::string_view tiff : {std::string_view("II*\0", 4), std::string_view("MM\0*", 4)})
    if (file.starts(tiff)) file.refuse("a TIFF");
  file.refuse("it starts as none of those known here");
}

}  // namespace ktb
