#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace ktb::core {

/// The code points of a text. Throws Error that names the offset of the first byte that is no
/// UTF-8: truncated, overlong, surrogate or above U+10FFFF.
std::u32string decode_utf8(std::string_view utf8);
std::string encode_utf8(std::u32string_view points);

/// Code points [first, last) of valid UTF-8, as far as the text goes.
std::string cut_utf8(std::string_view utf8, std::size_t first, std::size_t last);

/// A text that anybody may have written, made fit for files and terminals: escape sequences leave,
/// bytes that are no UTF-8 become U+FFFD, control characters but tabs and line ends `?`.
std::string printable(std::string_view text);

/// The full mapping of Unicode, in no language: one code point may become several, and a capital
/// sigma that ends a word becomes the final form. Of a single code point: never the final form.
std::u32string lower(std::u32string_view points);

/// Canonical decomposition (NFD): letters apart from their accents.
std::u32string decomposed(std::u32string_view points);

/// General category: "Lu", "Mn", "Zs"; the first letter is the group.
std::string_view category(char32_t point);

/// Property White_Space, and the four information separators U+001C to U+001F.
bool is_white_space(char32_t point);

/// What a word consists of: letters, everything that counts as a number, and the underscore.
bool is_word_part(char32_t point);

bool is_ascii_punctuation(char32_t point);

}  // namespace ktb::core
