#include "sdk/files/picture_whole.hpp"

#include <zlib.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <string_view>

namespace ktb {
namespace {

[[noreturn]] void refuse_at(const std::string& name, std::size_t at, const std::string& what) {
  throw Error(name + ", byte " + std::to_string(at) + ": " + what +
              "; the picture is damaged: get the file again, or remove it");
}

[[noreturn]] void refuse_short(const std::string& name, const Bytes& bytes, const std::string& kind,
                               std::size_t wanted) {
  refuse_at(name, bytes.size(),
            "the file ends before its " + kind + " picture, which takes " + std::to_string(wanted) +
                " bytes");
}

/// A number of four bytes, the first of which counts most.
std::uint32_t big(const Bytes& bytes, std::size_t at) {
  return std::uint32_t{bytes[at]} << 24 | std::uint32_t{bytes[at + 1]} << 16 |
         std::uint32_t{bytes[at + 2]} << 8 | bytes[at + 3];
}

std::uint32_t little(const Bytes& bytes, std::size_t at) {
  return __builtin_bswap32(big(bytes, at));
}

/// Chunks follow each other: length, type, content, checksum of type and content.
void check_png(const Bytes& bytes, const std::string& name) {
  for (std::size_t at = 8;;) {
    if (bytes.size() - at < 12)
      refuse_at(name, at, "expected a chunk of a PNG, the file ends here");
    const std::size_t length = big(bytes, at);
    const std::string type(reinterpret_cast<const char*>(bytes.data()) + at + 4, 4);
    if (bytes.size() - at - 12 < length)
      refuse_at(name, at,
                "chunk " + type + " of " + std::to_string(length) +
                    " bytes goes beyond the end of the file");
    const auto sum = crc32(0, bytes.data() + at + 4, static_cast<unsigned>(length + 4));
    if (sum != big(bytes, at + 8 + length))
      refuse_at(name, at, "chunk " + type + " has a wrong checksum");
    if (type == "IEND") return;
    at += 12 + length;
  }
}

/// In a scan no byte of 255 stands before one of these markers, so that an end behind the last
/// scan's start is the picture's own, not that of a small picture within it.
void check_jpeg(const Bytes& bytes, const std::string& name) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const auto scan = text.rfind("\xFF\xDA"), end = text.rfind("\xFF\xD9");
  if (end == std::string_view::npos || (scan != std::string_view::npos && end < scan))
    refuse_at(name, bytes.size(), "the file ends before its JPEG picture does");
}

void check_bmp(const Bytes& bytes, const std::string& name) {
  constexpr std::size_t kFileHeader = 14, kOldHeader = 12;
  if (bytes.size() < kFileHeader + 4) refuse_short(name, bytes, "BMP", kFileHeader + kOldHeader);
  const std::size_t header = little(bytes, kFileHeader);
  if (bytes.size() - kFileHeader < header) refuse_short(name, bytes, "BMP", kFileHeader + header);
  if (header < kOldHeader) return;  // no BMP: the decoder says so
  const bool old = header < 40;     // sizes of two bytes
  const std::size_t start = little(bytes, 10);
  const std::size_t width = old ? little(bytes, 18) & 0xFFFF : little(bytes, 18);
  const auto rows = old ? little(bytes, 18) >> 16
                        : static_cast<std::size_t>(
                              std::abs(std::int64_t{static_cast<std::int32_t>(little(bytes, 22))}));
  const std::size_t at = old ? 24 : 28, bits = bytes[at] | bytes[at + 1] << 8;
  const auto wanted = start + (width * bits + 31) / 32 * 4 * rows;
  if (bytes.size() < wanted) refuse_short(name, bytes, "BMP", wanted);
}

/// The next number of a PNM header, behind blanks and comments; `at` goes behind it.
std::size_t header_number(const Bytes& bytes, std::size_t& at) {
  const auto is = [&](auto test) { return at < bytes.size() && test(bytes[at]) != 0; };
  const auto is_hash = [](int c) { return c == '#'; };
  const auto is_line = [](int c) { return c != '\n'; };
  while (is([](int c) { return std::isspace(c); }) || is(is_hash)) {
    if (is(is_hash)) {
      while (is(is_line)) ++at;
    } else {
      ++at;
    }
  }
  std::size_t number = 0;
  for (; is([](int c) { return std::isdigit(c); }) && number < 1u << 24; ++at)
    number = 10 * number + (bytes[at] - std::size_t{'0'});
  return number;
}

void check_pnm(const Bytes& bytes, const std::string& name, std::size_t channels) {
  std::size_t at = 2;
  const auto width = header_number(bytes, at), height = header_number(bytes, at);
  const auto most = header_number(bytes, at);
  const auto wanted = at + 1 + width * height * channels * (most > 255 ? 2 : 1);
  if (bytes.size() < wanted) refuse_short(name, bytes, "PNM", wanted);
}

}  // namespace

void require_whole_picture(const Bytes& bytes, const std::string& name) {
  const auto starts = [&](std::string_view magic) {
    return bytes.size() > magic.size() &&
           std::equal(magic.begin(), magic.end(), bytes.begin(),
                      [](char a, std::uint8_t b) { return static_cast<std::uint8_t>(a) == b; });
  };
  if (starts("\x89PNG\r\n\x1A\n")) check_png(bytes, name);
  if (starts("\xFF\xD8")) check_jpeg(bytes, name);
  if (starts("BM")) check_bmp(bytes, name);
  if (starts("P5")) check_pnm(bytes, name, 1);
  if (starts("P6")) check_pnm(bytes, name, 3);
}

}  // namespace ktb
