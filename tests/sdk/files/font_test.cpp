#include <ATen/ops/equal.h>
#include <gmock/gmock.h>

#include "ktb/files/font.hpp"
#include "run/data_place.hpp"
#include "sdk/files/font_files.hpp"

namespace ktb::run {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

const std::map<char, Box> kBoxes = {
    {'A', {400, 1000}}, {'B', {3000, 1000}}, {'C', {100, 500}}, {'D', {0, 0}}};

std::string refusal_of(const std::map<std::string, Bytes>& tables) {
  return complaint([&] { OutlineFont(font_file(tables), "boxes.ttf"); });
}

TEST(OutlineFont, GlyphsStandOnOneLineAtOneScale) {
  const OutlineFont font(font_file(box_tables("Boxes", kBoxes)), "boxes.ttf");
  EXPECT_EQ(font.family(), "Boxes");
  // 1000 units are the 26 pixels between the margins.
  const auto a = font.glyph('A', 28), b = font.glyph('B', 28), c = font.glyph('C', 28);
  EXPECT_EQ(a.sizes(), (std::vector<std::int64_t>{1, 28, 28}));
  EXPECT_EQ(a[0].narrow(1, 14, 1).eq(255).sum().item<int>(), 26);
  EXPECT_EQ(c[0].narrow(1, 14, 1).gt(0).sum().item<int>(), 13);
  EXPECT_EQ(c[0][26][14].item<int>() > 0, a[0][26][14].item<int>() > 0);  // the line
  EXPECT_EQ(c[0][13][14].item<int>(), 0);
  EXPECT_NEAR(a.sum().item<double>() / 255, 26 * 10.4, 8);
  EXPECT_EQ(b[0][24].gt(0).sum().item<int>(), 26);  // too wide, so smaller
}

TEST(OutlineFont, WhatItDoesNotDrawIsUndefined) {
  const OutlineFont font(font_file(box_tables("", kBoxes)), "boxes.ttf");
  EXPECT_EQ(font.family(), "");
  EXPECT_FALSE(font.glyph('D', 28).defined());
  EXPECT_FALSE(font.glyph('E', 28).defined());
}

TEST(OutlineFont, DamageIsNamedWithItsPlace) {
  const auto whole = font_file(box_tables("Boxes", kBoxes));
  for (std::size_t length = 0; length + 3 < whole.size(); length += 7) {
    const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
    EXPECT_THAT(complaint([&] { OutlineFont(cut, "cut.ttf"); }), HasSubstr("cut.ttf")) << length;
  }
  auto bent = whole;
  bent.at(12 + 16 * 8 + 100) ^= 1;
  EXPECT_THAT(complaint([&] { OutlineFont(bent, "bent.ttf"); }),
              AllOf(HasSubstr("bent.ttf, table "), HasSubstr("checksum is wrong")));
  EXPECT_THAT(complaint([&] { OutlineFont(Bytes(100, 'x'), "page.ttf"); }),
              HasSubstr("page.ttf is no TrueType font"));
}

TEST(OutlineFont, TablesThatDoNotFitAreRefused) {
  auto tables = box_tables("Boxes", kBoxes);
  tables["loca"][18] = 9;  // the end of a glyph, far behind glyf
  EXPECT_THAT(refusal_of(tables), AllOf(HasSubstr("table loca, byte 16"), HasSubstr("behind")));
  tables = box_tables("Boxes", kBoxes);
  tables["loca"].resize(8);
  EXPECT_THAT(refusal_of(tables),
              AllOf(HasSubstr("table loca, byte 8"), HasSubstr("ends after 8")));
  tables = box_tables("Boxes", kBoxes);
  tables.erase("glyf");
  EXPECT_THAT(refusal_of(tables), HasSubstr("no table glyf"));
  tables = box_tables("Boxes", kBoxes);
  tables["cmap"][7] = 0;  // symbols
  EXPECT_THAT(refusal_of(tables), HasSubstr("no table of characters"));
}

TEST(OutlineFont, AGlyphThatCannotBeDrawnIsNamed) {
  auto tables = box_tables("Boxes", kBoxes);
  tables["glyf"][0] = 0x7F;  // contours
  EXPECT_THAT(refusal_of(tables), AllOf(HasSubstr("boxes.ttf: glyph 1 cannot be drawn"),
                                        HasSubstr("the font is damaged")));
  for (int i = 0; i < 130; ++i) tables["x" + std::to_string(i)] = {};
  EXPECT_THAT(refusal_of(tables), HasSubstr("138 tables, more than 128"));
}

/// Nothing is rounded to whole pixels: outlines are drawn as they were designed.
TEST(OutlineFont, CoverageIsExact) {
  const OutlineFont font(font_file(box_tables("", {{'A', {1000, 1000}}, {'b', {250, 125}}})), "");
  const auto b = font.glyph('b', 18)[0];  // 4 by 2 of the 16 pixels between the margins
  EXPECT_EQ(b.gt(0).sum().item<int>(), 8);
  EXPECT_EQ(b.narrow(0, 15, 2).narrow(1, 7, 4).sum().item<int>(), 8 * 255);
  const auto half = font.glyph('b', 10)[0];  // 2 by 1 of 8
  EXPECT_EQ(half.gt(0).sum().item<int>(), 2);
  const auto part = font.glyph('b', 12)[0];  // 2.5 by 1.25 of 10
  EXPECT_NEAR(part.sum().item<double>() / 255, 2.5 * 1.25, 0.02);
}

const std::map<std::uint32_t, Bytes> kPictures = {{0x2708, plain_png(4, 9, 8, 7)},
                                                  {0x1F600, plain_png(5, 1, 2, 3)}};

TEST(PictureFont, GivesTheFileOfACharacter) {
  const PictureFont font(font_file(picture_tables(kPictures)), "emoji.ttf");
  for (const auto& [character, picture] : kPictures)
    EXPECT_EQ(font.picture(static_cast<char32_t>(character)), picture);
  EXPECT_TRUE(font.picture(U'a').empty());
}

TEST(PictureFont, DamageIsNamedWithItsPlace) {
  const auto refusal = [](const std::map<std::string, Bytes>& tables) {
    return complaint([&] { PictureFont(font_file(tables), "emoji.ttf"); });
  };
  auto tables = picture_tables(kPictures);
  tables["CBLC"][8 + 48 + 8 + 1] = 5;
  EXPECT_THAT(refusal(tables), AllOf(HasSubstr("table CBLC, byte 64"),
                                     HasSubstr("expected index format 1 and image format 17")));
  tables = picture_tables(kPictures);
  tables["CBDT"].resize(tables["CBDT"].size() - 10);
  EXPECT_THAT(refusal(tables), AllOf(HasSubstr("table CBDT, byte"), HasSubstr("ends after")));
  tables = picture_tables(kPictures);
  tables["CBLC"].resize(70);
  EXPECT_THAT(refusal(tables), AllOf(HasSubstr("table CBLC, byte"), HasSubstr("ends after 70")));
  tables = picture_tables(kPictures);
  std::swap(tables["cmap"][28 + 3], tables["cmap"][28 + 7]);  // last before first
  tables["cmap"][28 + 7] = 0;
  EXPECT_THAT(refusal(tables), AllOf(HasSubstr("table cmap"), HasSubstr("wrong order")));
  tables = picture_tables(kPictures);
  std::copy_n(tables["cmap"].begin() + 28, 8, tables["cmap"].begin() + 40);  // the same again
  EXPECT_THAT(refusal(tables), AllOf(HasSubstr("table cmap, byte 40"), HasSubstr("wrong order")));
  tables = picture_tables(kPictures);
  tables["cmap"][13] = 4;
  EXPECT_THAT(refusal(tables), HasSubstr("no subtable of platform 3"));
  tables.erase("CBLC");
  EXPECT_THAT(refusal(tables), HasSubstr("no table CBLC"));
}

TEST(PictureFont, NotoHasEveryEmojiOfOneCodePoint) {
  const auto folder = installed_data(*make_dataset("emoji"));
  const std::string name = "fonts/truetype/noto/NotoColorEmoji.ttf";
  if (folder.find(name).empty()) GTEST_SKIP() << "fonts-noto-color-emoji is not here";
  const PictureFont font(read_file(folder.find(name)), name);
  const auto picture = font.picture(0x1F600);
  EXPECT_EQ(Bytes(picture.begin() + 16, picture.begin() + 24), (Bytes{0, 0, 0, 136, 0, 0, 0, 128}));
}

}  // namespace
}  // namespace ktb::run
