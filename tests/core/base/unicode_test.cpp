#include "core/base/unicode.hpp"

#include <gmock/gmock.h>

#include "core/base/error.hpp"

namespace ktb::core {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

TEST(Unicode, DecodesAndEncodesEveryLength) {
  const std::string utf8 = "a\xC3\xA9\xE6\x9D\xB1\xF0\x9F\x98\x80";
  EXPECT_EQ(decode_utf8(utf8), U"a\u00E9\u6771\U0001F600");
  EXPECT_EQ(encode_utf8(U"a\u00E9\u6771\U0001F600"), utf8);
}

TEST(Unicode, NamesTheFirstByteThatIsNoUtf8) {
  for (const std::string bad :
       {"ab\xE9", "ab\xC0\x80", "ab\xED\xA0\x80", "ab\xF4\x90\x80\x80", "ab\xE6\x9D", "ab\x80"}) {
    EXPECT_THAT([&] { decode_utf8(bad); }, ThrowsMessage<Error>(HasSubstr("offset 2")));
  }
}

TEST(Unicode, CutsByCodePoints) {
  const std::string text = "na\xC3\xAFve \xF0\x9F\x98\x80!";
  EXPECT_EQ(cut_utf8(text, 0, 5), "na\xC3\xAFve");
  EXPECT_EQ(cut_utf8(text, 2, 3), "\xC3\xAF");
  EXPECT_EQ(cut_utf8(text, 6, 8), "\xF0\x9F\x98\x80!");
  EXPECT_EQ(cut_utf8(text, 6, 99), "\xF0\x9F\x98\x80!");
  EXPECT_EQ(cut_utf8(text, 3, 3), "");
  EXPECT_EQ(cut_utf8(text, 99, 100), "");
}

TEST(Unicode, WhatAnybodyWroteIsMadePrintable) {
  EXPECT_EQ(printable("na\xC3\xAFve\n\t!"), "na\xC3\xAFve\n\t!");
  EXPECT_EQ(printable("\x1B[1;31mred\x1B[0m"), "red");
  EXPECT_EQ(printable("\x1B]0;title\x07text \x1B]8;;x\x1B\\link"), "text link");
  EXPECT_EQ(printable("a\xFF"
                      "b\xE2\x82"
                      "c"),
            "a\xEF\xBF\xBD"
            "b\xEF\xBF\xBD"
            "c");
  EXPECT_EQ(printable("back\b\r\x7F\xC2\x9B"), "back????");
  EXPECT_EQ(printable("cut \x1B"), "cut ");
  EXPECT_EQ(printable("cut \x1B[3"), "cut ");
}

TEST(Unicode, LowersWholeWordsAndSingleLetters) {
  EXPECT_EQ(lower(U"The CAT"), U"the cat");
  EXPECT_EQ(lower(U"\u0130zmir"), U"i\u0307zmir");
  EXPECT_EQ(lower(U"\u039F\u0394\u039F\u03A3 \u03A3\u0391"),
            U"\u03BF\u03B4\u03BF\u03C2 \u03C3\u03B1");
  EXPECT_EQ(lower(U"\u03A3"), U"\u03C3");
  EXPECT_EQ(lower(U"STRA\u00DFE"), U"stra\u00DFe");
  EXPECT_EQ(lower(U"\U00010400"), U"\U00010428");
}

TEST(Unicode, DecomposesCanonically) {
  EXPECT_EQ(decomposed(U"caf\u00E9"), U"cafe\u0301");
  EXPECT_EQ(decomposed(U"\u1EA4"), U"A\u0302\u0301");
  EXPECT_EQ(decomposed(U"\uAC01"), U"\u1100\u1161\u11A8");
  EXPECT_EQ(decomposed(U"\uFB01"), U"\uFB01") << "a compatibility form stays";
}

TEST(Unicode, KnowsCategories) {
  EXPECT_EQ(category(U'A'), "Lu");
  EXPECT_EQ(category(U'\u0301'), "Mn");
  EXPECT_EQ(category(U'\u20AC'), "Sc");
  EXPECT_EQ(category(U'\u00AB'), "Pi");
  EXPECT_EQ(category(U'\u00BB'), "Pf");
  EXPECT_EQ(category(U'\u200B'), "Cf");
  EXPECT_EQ(category(U'\uE000'), "Co");
  EXPECT_EQ(category(U'\u0378'), "Cn");
  EXPECT_EQ(category(U'\u3000'), "Zs");
}

TEST(Unicode, WhiteSpaceAndWordsAsTheScorersNeedThem) {
  for (const char32_t point : U"\t\n\v\f\r\x1C\x1F \u0085\u00A0\u1680\u2028\u3000")
    EXPECT_TRUE(point == 0 || is_white_space(point)) << static_cast<int>(point);
  for (const char32_t point : {U'\u200B', U'\uFEFF', U'\u00AD', U'a'})
    EXPECT_FALSE(is_white_space(point)) << static_cast<int>(point);
  for (const char32_t point : {U'a', U'Z', U'_', U'7', U'\u6771', U'\u00B2', U'\u2167', U'\u0967'})
    EXPECT_TRUE(is_word_part(point)) << static_cast<int>(point);
  for (const char32_t point : {U'\u0301', U'-', U'\u2019', U'\u2014', U' ', U'\U0001F600'})
    EXPECT_FALSE(is_word_part(point)) << static_cast<int>(point);
  std::string punctuation;
  for (char32_t point = 0; point < 0x100; ++point)
    if (is_ascii_punctuation(point)) punctuation += static_cast<char>(point);
  EXPECT_EQ(punctuation, "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~");
}

}  // namespace
}  // namespace ktb::core
