#include "sdk/files/exif.hpp"

#include <algorithm>
#include <optional>

namespace ktb {
namespace {

/// A part of a file.
struct ExifPart {
  std::size_t start = 0, size = 0;
};

/// Whether the file holds these bytes.
bool holds(const PictureFile& file, std::size_t at, std::size_t count) {
  return at <= file.size() && count <= file.size() - at;
}

bool holds_text(const PictureFile& file, std::size_t at, std::string_view text) {
  return holds(file, at, text.size()) &&
         std::equal(text.begin(), text.end(), file.data() + at,
                    [](char a, std::uint8_t b) { return static_cast<std::uint8_t>(a) == b; });
}

constexpr std::string_view kExifMark{"Exif\0\0", 6};

/// Segments before the picture's own data: FF, a kind, a length that counts itself.
std::optional<ExifPart> exif_of_jpeg(const PictureFile& file) {
  for (std::size_t at = 2; holds(file, at, 4) && file.big(at, 1) == 0xFF;) {
    const auto kind = file.big(at + 1, 1);
    if (kind == 0xFF) {  // padding
      ++at;
      continue;
    }
    const std::size_t size = file.big(at + 2, 2);
    if (kind == 0xDA || size < 2) break;
    const auto start = at + 4 + kExifMark.size();
    if (kind == 0xE1 && size >= 2 + kExifMark.size() && holds_text(file, at + 4, kExifMark))
      return ExifPart{start, size - 2 - kExifMark.size()};
    at += 2 + size;
  }
  return std::nullopt;
}

std::optional<ExifPart> exif_of_png(const PictureFile& file) {
  for (std::size_t at = 8; holds(file, at, 12);) {
    const std::size_t size = file.big(at, 4);
    if (holds_text(file, at + 4, "eXIf")) return ExifPart{at + 8, size};
    at += 12 + size;
  }
  return std::nullopt;
}

std::optional<ExifPart> exif_of_webp(const PictureFile& file) {
  for (std::size_t at = 12; holds(file, at, 8);) {
    const std::size_t size = file.little(at + 4, 4);
    const bool marked = holds_text(file, at + 8, kExifMark);  // some writers copy JPEG's mark
    if (holds_text(file, at, "EXIF"))
      return ExifPart{at + 8 + (marked ? kExifMark.size() : 0), size};
    at += 8 + size + size % 2;
  }
  return std::nullopt;
}

std::optional<ExifPart> exif_of(const PictureFile& file) {
  if (file.starts("\xFF\xD8")) return exif_of_jpeg(file);
  if (file.starts("\x89PNG")) return exif_of_png(file);
  if (file.starts("RIFF")) return exif_of_webp(file);
  return std::nullopt;
}

}  // namespace

/// EXIF is a TIFF file: byte order, the place of a table, entries of 12 bytes in it.
int orientation_of(const PictureFile& file) {
  constexpr std::uint32_t kOrientation = 0x0112, kShort = 3;
  const auto part = exif_of(file);
  if (!part || !holds(file, part->start, 8)) return 1;
  const bool big = holds_text(file, part->start, "MM");
  if (!big && !holds_text(file, part->start, "II")) return 1;
  const auto number = [&](std::size_t at, std::size_t width) {
    return big ? file.big(at, width) : file.little(at, width);
  };
  const std::size_t table = part->start + number(part->start + 4, 4);
  if (!holds(file, table, 2)) return 1;
  const std::size_t count = number(table, 2);
  for (std::size_t i = 0; i < count && holds(file, table + 2 + 12 * i, 12); ++i) {
    const auto entry = table + 2 + 12 * i;
    if (number(entry, 2) != kOrientation || number(entry + 2, 2) != kShort) continue;
    const auto value = number(entry + 8, 2);
    return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
  }
  return 1;
}

}  // namespace ktb
