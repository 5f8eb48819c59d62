#include <algorithm>
#include <cctype>

#include "sdk/files/picture_file.hpp"

namespace ktb {
namespace {

/// The next number of a PNM header, behind blanks and comments; `at` goes behind it.
std::size_t header_number(const PictureFile& file, std::size_t& at) {
  const auto is = [&](auto test) { return at < file.size() && test(file.data()[at]) != 0; };
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
    number = 10 * number + (file.data()[at] - std::size_t{'0'});
  return number;
}

}  // namespace

/// P5, grey, and P6, colour, whose samples are binary.
Pixels decode_pnm(const PictureFile& file) {
  std::size_t at = 2;
  const auto width = header_number(file, at), height = header_number(file, at);
  const auto most = header_number(file, at);
  ++at;  // one blank
  if (most == 0 || most > 65535)
    file.refuse("a PNM whose largest value is " + std::to_string(most));
  const auto count = file.pixels(width, height);
  const std::size_t channels = file.starts("P6") ? 3 : 1, bytes = most > 255 ? 2 : 1;
  file.need(at + count * channels * bytes, "PNM");
  Pixels picture{static_cast<std::int64_t>(height), static_cast<std::int64_t>(width),
                 Bytes(3 * count)};
  for (std::size_t i = 0; i < picture.rgb.size(); ++i) {
    const auto sample = channels == 3 ? i : i / 3;
    const std::size_t value = file.big(at + sample * bytes, bytes);
    picture.rgb[i] = static_cast<std::uint8_t>((std::min(value, most) * 255 + most / 2) / most);
  }
  return picture;
}

}  // namespace ktb
