#include "core/base/unicode.hpp"

#include <fmt/format.h>
#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>
#include <unicode/utf8.h>

#include <algorithm>
#include <array>
#include <cstdint>

#include "core/base/error.hpp"

namespace ktb::core {
namespace {

std::u16string to_utf16(std::u32string_view points) {
  std::u16string units;
  units.reserve(points.size());
  for (const char32_t point : points) {
    if (point > 0xFFFF) {
      units += static_cast<char16_t>(U16_LEAD(point));
      units += static_cast<char16_t>(U16_TRAIL(point));
    } else {
      units += static_cast<char16_t>(point);
    }
  }
  return units;
}

std::u32string from_utf16(std::u16string_view units) {
  std::u32string points;
  points.reserve(units.size());
  for (std::size_t i = 0; i < units.size();) {
    UChar32 point = 0;
    U16_NEXT(units.data(), i, units.size(), point);
    points += static_cast<char32_t>(point);
  }
  return points;
}

/// Runs one of ICU's functions that fill a buffer and say how much they would have needed.
template <typename Fill>
std::u32string transformed(std::u32string_view points, const char* what, Fill fill) {
  const std::u16string in = to_utf16(points);
  std::u16string out(in.size() * 2 + 8, u'\0');
  for (int round = 0;; ++round) {
    UErrorCode code = U_ZERO_ERROR;
    const auto length = static_cast<std::size_t>(fill(in, out, &code));
    if (code == U_BUFFER_OVERFLOW_ERROR && round == 0) {
      out.resize(length);
      continue;
    }
    if (U_FAILURE(code)) throw Error(fmt::format("{}: ICU says {}", what, u_errorName(code)));
    return from_utf16({out.data(), length});
  }
}

constexpr char kEscape = '\x1B', kBell = '\x07';

/// Behind the escape sequence that begins at `at`: a colour (ESC [ ... letter), a title (ESC ] ...
/// bell or ESC \), or ESC alone.
std::size_t after_escape(std::string_view text, std::size_t at) {
  const auto end = text.size();
  if (++at == end) return end;
  if (text[at] == '[') {
    do ++at;
    while (at < end && (text[at] < '@' || text[at] > '~'));
    return std::min(end, at + 1);
  }
  if (text[at] != ']') return at;
  while (at < end && text[at] != kBell && text[at] != kEscape) ++at;
  const bool two = at + 1 < end && text[at] == kEscape;
  return std::min(end, at + (two ? 2 : 1));
}

std::int32_t size_of(const std::u16string& text) { return static_cast<std::int32_t>(text.size()); }

bool is_ascii(std::u32string_view points) {
  return std::ranges::all_of(points, [](char32_t point) { return point < 0x80; });
}

/// Names of the values of ICU's u_charType, in their order.
constexpr std::array<std::string_view, U_CHAR_CATEGORY_COUNT> kCategories = {
    "Cn", "Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Me", "Mc", "Nd", "Nl", "No", "Zs", "Zl", "Zp",
    "Cc", "Cf", "Co", "Cs", "Pd", "Ps", "Pe", "Pc", "Po", "Sm", "Sc", "Sk", "So", "Pi", "Pf"};

}  // namespace

std::u32string decode_utf8(std::string_view utf8) {
  std::u32string points;
  points.reserve(utf8.size());
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(utf8.data());
  for (std::size_t i = 0; i < utf8.size();) {
    const std::size_t start = i;
    UChar32 point = 0;
    U8_NEXT(bytes, i, utf8.size(), point);
    if (point < 0) throw Error(fmt::format("the byte at offset {} is no UTF-8", start));
    points += static_cast<char32_t>(point);
  }
  return points;
}

std::string encode_utf8(std::u32string_view points) {
  std::string utf8;
  utf8.reserve(points.size());
  for (const char32_t point : points) {
    std::array<std::uint8_t, U8_MAX_LENGTH> bytes{};
    std::size_t length = 0;
    U8_APPEND_UNSAFE(bytes.data(), length, point);
    utf8.append(reinterpret_cast<const char*>(bytes.data()), length);
  }
  return utf8;
}

std::string cut_utf8(std::string_view utf8, std::size_t first, std::size_t last) {
  const auto begins = [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80; };
  std::size_t point = 0, from = utf8.size(), to = utf8.size();
  for (std::size_t i = 0; i < utf8.size(); ++i) {
    if (!begins(utf8[i])) continue;
    if (point == first) from = i;
    if (point++ == last) {
      to = i;
      break;
    }
  }
  return std::string(utf8.substr(from, to - std::min(from, to)));
}

std::string printable(std::string_view text) {
  std::u32string points;
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] == kEscape) {
      at = after_escape(text, at);
      continue;
    }
    UChar32 point = 0;
    U8_NEXT_OR_FFFD(bytes, at, text.size(), point);
    const bool control = point < 0x20 || (point >= 0x7F && point < 0xA0);
    points += control && point != '\n' && point != '\t' ? U'?' : static_cast<char32_t>(point);
  }
  return encode_utf8(points);
}

std::u32string lower(std::u32string_view points) {
  if (is_ascii(points)) {
    std::u32string low(points);
    for (char32_t& point : low)
      if (point >= U'A' && point <= U'Z') point += U'a' - U'A';
    return low;
  }
  return transformed(points, "lower case", [](const auto& in, auto& out, UErrorCode* code) {
    return u_strToLower(out.data(), size_of(out), in.data(), size_of(in), "", code);
  });
}

std::u32string decomposed(std::u32string_view points) {
  if (is_ascii(points)) return std::u32string(points);
  UErrorCode code = U_ZERO_ERROR;
  const UNormalizer2* nfd = unorm2_getNFDInstance(&code);
  if (U_FAILURE(code)) throw Error(fmt::format("NFD: ICU says {}", u_errorName(code)));
  return transformed(points, "NFD", [nfd](const auto& in, auto& out, UErrorCode* status) {
    return unorm2_normalize(nfd, in.data(), size_of(in), out.data(), size_of(out), status);
  });
}

std::string_view category(char32_t point) {
  return kCategories.at(static_cast<std::size_t>(u_charType(static_cast<UChar32>(point))));
}

bool is_white_space(char32_t point) {
  return (point >= 0x1C && point <= 0x1F) || u_isUWhiteSpace(static_cast<UChar32>(point));
}

bool is_word_part(char32_t point) {
  const auto numeric_type = u_getIntPropertyValue(static_cast<UChar32>(point), UCHAR_NUMERIC_TYPE);
  return point == U'_' || numeric_type != U_NT_NONE || category(point).front() == 'L';
}

bool is_ascii_punctuation(char32_t point) {
  return (point >= U'!' && point <= U'/') || (point >= U':' && point <= U'@') ||
         (point >= U'[' && point <= U'`') || (point >= U'{' && point <= U'~');
}

}  // namespace ktb::core
