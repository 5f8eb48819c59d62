#include "ktb/files/picture.hpp"

#include <ATen/ops/equal.h>
#include <gmock/gmock.h>

#include <random>

#include "run/data_place.hpp"
#include "sdk/files/picture_files.hpp"

#include <jpeglib.h>  // behind what includes <cstdio>

namespace ktb::run {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pointwise;

MATCHER_P(IntNear, most, "") { return std::abs(std::get<0>(arg) - std::get<1>(arg)) <= most; }

PictureReader reader(std::int64_t size, const std::string& fit = "cut", std::int64_t channels = 3) {
  Options options({{"size", size}, {"fit", fit}, {"channels", channels}});
  return PictureReader(options, 64, "cut");
}

/// The values of one pixel.
std::vector<int> at(const Tensor& image, std::int64_t y, std::int64_t x) {
  std::vector<int> values;
  for (std::int64_t c = 0; c < image.size(0); ++c) values.push_back(image[c][y][x].item<int>());
  return values;
}

/// 16x16, one pixel's values on the left, another's on the right: as JPEG stores colours by blocks,
/// the halves are kept.
Bytes jpeg_of_halves(J_COLOR_SPACE space, const Bytes& left, const Bytes& right,
                     bool progressive = false) {
  jpeg_compress_struct out{};
  jpeg_error_mgr errors{};
  out.err = jpeg_std_error(&errors);
  jpeg_create_compress(&out);
  unsigned char* memory = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&out, &memory, &size);
  out.image_width = out.image_height = 16;
  out.input_components = static_cast<int>(left.size());
  out.in_color_space = space;
  jpeg_set_defaults(&out);
  jpeg_set_quality(&out, 95, TRUE);
  if (progressive) jpeg_simple_progression(&out);
  jpeg_start_compress(&out, TRUE);
  Bytes row;
  for (int x = 0; x < 16; ++x) append(row, x < 8 ? left : right);
  for (int y = 0; y < 16; ++y) {
    JSAMPROW start = row.data();
    jpeg_write_scanlines(&out, &start, 1);
  }
  jpeg_finish_compress(&out);
  jpeg_destroy_compress(&out);
  const Bytes file(memory, memory + size);
  std::free(memory);
  return file;
}

/// Red on the left, blue on the right.
Bytes jpeg() { return jpeg_of_halves(JCS_RGB, {255, 0, 0}, {0, 0, 255}); }

/// 2x2, as kFour below, written by libwebp without loss.
const Bytes kWebp = {0x52, 0x49, 0x46, 0x46, 0x2C, 0x00, 0x00, 0x00, 0x57, 0x45, 0x42, 0x50, 0x56,
                     0x50, 0x38, 0x4C, 0x1F, 0x00, 0x00, 0x00, 0x2F, 0x01, 0x40, 0x00, 0x00, 0x1F,
                     0x20, 0x10, 0x48, 0xDE, 0x1F, 0x3A, 0x8D, 0xF9, 0x17, 0x10, 0x14, 0xFC, 0x1F,
                     0xDD, 0xFC, 0x47, 0x64, 0x0F, 0xE0, 0x06, 0x0C, 0x11, 0xFD, 0x0F, 0x01, 0x00};

/// A picture of 2x2: red and green above blue and white.
const Bytes kFour = {255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255};

std::map<std::string, Bytes> files_of_four() {
  return {{"x.png", png(2, 2, PngKind::kRgb, kFour)},
          {"palette.png", png(2, 2, PngKind::kPalette, {0, 1, 2, 3}, kFour)},
          {"x.ppm", pnm('6', 2, 2, kFour)},
          {"x.webp", kWebp},
          {"x.bmp", bmp(2, {}, {255, 0, 0, 255, 255, 255, 0, 0, 0, 0, 255, 0, 255, 0, 0, 0})}};
}

TEST(Picture, EveryFormatGivesItsPixels) {
  for (const auto& [name, bytes] : files_of_four()) {
    const auto image = reader(2).decode(bytes, name);
    EXPECT_EQ(image.scalar_type(), at::kByte);
    EXPECT_THAT(at(image, 0, 0), ElementsAre(255, 0, 0)) << name;
    EXPECT_THAT(at(image, 0, 1), ElementsAre(0, 255, 0)) << name;
    EXPECT_THAT(at(image, 1, 0), ElementsAre(0, 0, 255)) << name;
    EXPECT_THAT(at(image, 1, 1), ElementsAre(255, 255, 255)) << name;
  }
}

/// A JPEG is never exact: its values are rounded after a transform, at quality 95 to steps of a few
/// levels, and halves as strong as these ring a little. 12 levels are more than that, and less than
/// any mistake about channels, inversion or sampling gives.
TEST(Picture, EveryKindOfJpegGivesItsColours) {
  const std::map<std::string, Bytes> files = {
      {"x.jpg", jpeg()},
      {"progressive.jpg", jpeg_of_halves(JCS_RGB, {255, 0, 0}, {0, 0, 255}, true)},
      {"cmyk.jpg", jpeg_of_halves(JCS_CMYK, {255, 0, 0, 255}, {0, 0, 255, 255})}};
  for (const auto& [name, bytes] : files) {
    const auto image = reader(16).decode(bytes, name);
    EXPECT_THAT(at(image, 8, 1), Pointwise(IntNear(12), {255, 0, 0})) << name;
    EXPECT_THAT(at(image, 8, 14), Pointwise(IntNear(12), {0, 0, 255})) << name;
  }
  const auto grey = reader(16).decode(jpeg_of_halves(JCS_GRAYSCALE, {200}, {90}), "grey.jpg");
  EXPECT_THAT(at(grey, 3, 1), Pointwise(IntNear(3), {200, 200, 200}));
  EXPECT_THAT(at(grey, 3, 14), Pointwise(IntNear(3), {90, 90, 90}));
  const auto black = jpeg_of_halves(JCS_CMYK, {255, 255, 255, 100}, {255, 255, 255, 0});
  EXPECT_THAT(at(reader(16).decode(black, "k.jpg"), 8, 1), Pointwise(IntNear(3), {100, 100, 100}));
}

/// The numbers of the file, whatever their width is and however they lie.
TEST(Picture, EveryKindOfPngIsExact) {
  const auto exact = [](const Bytes& bytes) { return reader(2).decode(bytes, "x.png"); };
  const auto wide = exact(png_of_rows(
      2, 2, {PngKind::kRgb, 16}, {0, 9, 255, 8, 0, 7, 128, 1, 1, 2, 2, 3, 3,  // the higher bytes
                                  0, 4, 0,   5, 0, 6, 0,   7, 0, 8, 0, 9, 0}));
  EXPECT_THAT(at(wide, 0, 0), ElementsAre(9, 8, 7));
  EXPECT_THAT(at(wide, 1, 1), ElementsAre(7, 8, 9));
  const auto bits = exact(png_of_rows(2, 2, {PngKind::kGrey, 1}, {0, 0x40, 0, 0x80}));
  EXPECT_THAT(at(bits, 0, 1), ElementsAre(255, 255, 255));
  EXPECT_THAT(at(bits, 1, 1), ElementsAre(0, 0, 0));
  // Three passes: the first pixel, the one beside it, and the lower row.
  const auto laced = exact(png_of_rows(2, 2, {PngKind::kGrey, 8, true}, {0, 1, 0, 2, 0, 3, 4}));
  for (int i = 0; i < 4; ++i) EXPECT_EQ(at(laced, i / 2, i % 2)[0], 1 + i);
  const Bytes rows = {0, 10, 20, 0, 30, 40};
  const auto linear =
      exact(png_of_rows(2, 2, {PngKind::kGrey}, rows, {{"gAMA", big_endian(100000, 4)}}));
  EXPECT_EQ(at(linear, 1, 1)[0], 40);
  const auto keyed = exact(png_of_rows(2, 2, {PngKind::kGrey}, rows, {{"tRNS", {0, 20}}}));
  EXPECT_EQ(at(keyed, 0, 0)[0], 10);
  EXPECT_EQ(at(keyed, 0, 1)[0], 255);
  const auto listed = exact(png_of_rows(2, 2, {PngKind::kPalette, 4}, {0, 0x01, 0, 0x23},
                                        {{"PLTE", kFour}, {"tRNS", {255, 0}}}));
  EXPECT_THAT(at(listed, 0, 1), ElementsAre(255, 255, 255));
  EXPECT_THAT(at(listed, 1, 0), ElementsAre(0, 0, 255));
}

TEST(Picture, EveryKindOfBmpGivesItsPixels) {
  const Bytes palette = {0, 0, 255, 0, 0, 255, 0, 0, 255, 0, 0, 0, 255, 255, 255, 0};  // kFour
  Bytes masks;
  for (const std::uint64_t mask : {0xF800, 0x07E0, 0x001F}) append(masks, little_endian(mask, 4));
  const std::map<std::string, Bytes> files = {
      {"4.bmp", bmp(2, {4, 2, 0, palette}, {0x23, 0, 0, 0, 0x01, 0, 0, 0})},
      {"8.bmp", bmp(2, {8, 2, 0, palette}, {2, 3, 0, 0, 0, 1, 0, 0})},
      {"down.bmp", bmp(2, {8, -2, 0, palette}, {0, 1, 0, 0, 2, 3, 0, 0})},
      {"555.bmp", bmp(2, {16}, {0x1F, 0, 0xFF, 0x7F, 0, 0x7C, 0xE0, 3})},
      {"565.bmp", bmp(2, {16, 2, 3, masks}, {0x1F, 0, 0xFF, 0xFF, 0, 0xF8, 0xE0, 7})},
      {"32.bmp", bmp(2, {32}, {255, 0, 0, 0, 255, 255, 255, 0, 0, 0, 255, 0, 0, 255, 0, 0})},
      {"alpha.bmp", bmp(2, {32}, {255, 0, 0, 255, 9, 9, 9, 0, 0, 0, 255, 255, 0, 255, 0, 255})}};
  for (const auto& [name, bytes] : files) {
    const auto image = reader(2).decode(bytes, name);
    EXPECT_THAT(at(image, 0, 0), ElementsAre(255, 0, 0)) << name;
    EXPECT_THAT(at(image, 0, 1), ElementsAre(0, 255, 0)) << name;
    EXPECT_THAT(at(image, 1, 0), ElementsAre(0, 0, 255)) << name;
    EXPECT_THAT(at(image, 1, 1), ElementsAre(255, 255, 255)) << name;
  }
  const auto refusal = [](const Bytes& bytes) {
    return complaint([&] { reader(2).decode(bytes, "x.bmp"); });
  };
  EXPECT_THAT(refusal(bmp(2, {8, 2, 0, palette}, {2, 3, 0, 0, 0, 4, 0, 0})),
              AllOf(HasSubstr("x.bmp, byte 75"), HasSubstr("colour 4 of a palette of 4")));
  EXPECT_THAT(refusal(bmp(2, {8, 2, 1, palette}, {0, 1})), HasSubstr("a compressed BMP"));
}

TEST(Picture, ValuesOfAPnmReachFromBlackToWhite) {
  const auto value = [](const Bytes& bytes) {
    return at(reader(1, "cut", 1).decode(bytes, "x.pgm"), 0, 0)[0];
  };
  EXPECT_EQ(value(pnm('5', 1, 1, {15}, 15)), 255);
  EXPECT_EQ(value(pnm('5', 1, 1, {6}, 15)), 102);
  EXPECT_EQ(value(pnm('5', 1, 1, {0x80, 0x80}, 65535)), 128);
  EXPECT_EQ(value(pnm('5', 1, 1, {200}, 100)), 255);
}

TEST(Picture, GreyFilesHaveEqualChannelsAndColourBecomesGreyByWeight) {
  const auto image = reader(1).decode(png(1, 1, PngKind::kGrey, {70}), "grey.png");
  EXPECT_THAT(at(image, 0, 0), ElementsAre(70, 70, 70));
  const auto grey = reader(1, "cut", 1).decode(pnm('6', 1, 1, {200, 100, 50}), "x.ppm");
  EXPECT_THAT(at(grey, 0, 0), ElementsAre(124));  // 0.299 * 200 + 0.587 * 100 + 0.114 * 50
}

TEST(Picture, WhatIsTransparentBecomesWhite) {
  const auto grey =
      reader(2).decode(png(2, 2, PngKind::kGreyAlpha, {0, 255, 0, 0, 0, 128, 100, 255}), "a.png");
  EXPECT_EQ(at(grey, 0, 0)[0], 0);
  EXPECT_EQ(at(grey, 0, 1)[0], 255);
  EXPECT_EQ(at(grey, 1, 0)[0], 127);
  EXPECT_EQ(at(grey, 1, 1)[0], 100);
  const auto rgba = reader(1).decode(png(1, 1, PngKind::kRgba, {10, 20, 30, 0}), "b.png");
  EXPECT_THAT(at(rgba, 0, 0), ElementsAre(255, 255, 255));
}

TEST(Picture, CutKeepsTheCentreAndPadTheWhole) {
  // 6x2: two columns each of 10, 20, 30
  const auto file = png(6, 2, PngKind::kGrey, {10, 10, 20, 20, 30, 30, 10, 10, 20, 20, 30, 30});
  const auto cut = reader(2, "cut", 1).decode(file, "wide.png");
  EXPECT_EQ(cut.sizes(), (std::vector<std::int64_t>{1, 2, 2}));
  EXPECT_EQ(at(cut, 0, 0)[0], 20);
  EXPECT_EQ(at(cut, 1, 1)[0], 20);
  const auto pad = reader(6, "pad", 1).decode(file, "wide.png");
  EXPECT_EQ(at(pad, 1, 3)[0], 255);
  EXPECT_EQ(at(pad, 2, 0)[0], 10);
  EXPECT_EQ(at(pad, 3, 5)[0], 30);
  EXPECT_EQ(at(pad, 4, 3)[0], 255);
  EXPECT_EQ(at(reader(12, "pad", 1).decode(file, "wide.png"), 6, 0)[0], 10);  // enlarged
}

TEST(Picture, ShrinkingAveragesAllPixels) {
  Bytes board;
  for (int i = 0; i < 64 * 64; ++i) board.push_back((i / 64 + i) % 2 == 0 ? 0 : 255);
  const auto small = reader(8, "cut", 1).decode(png(64, 64, PngKind::kGrey, board), "board.png");
  EXPECT_GE(small.min().item<int>(), 124);
  EXPECT_LE(small.max().item<int>(), 131);
}

/// Pixels of noise and slopes; by PIL 13.0.0, resize(BILINEAR) and then the centre.
TEST(Picture, ResizesAsPilWithinOneLevel) {
  struct Case {
    unsigned width, height;
    std::int64_t size;
    const char* pil;
  };
  const Case cases[] = {
      {60, 45, 8,
       "807d8482847a74807c7e817b827b7f7c7680808486868d8280847e8281888884807a8181837e83858582837d82"
       "8485747b7f7f7b7b7c86807b8c887e787c7983"},
      {7, 5, 10,
       "02050a1017202b37445305090e151d2733404e5e0a1017202a35425161731219222d39465465778a1c252f3c4a"
       "59697b8fa42934404d5d6e8094aab13845536273869aafc7b0495868798ca0b6bdb6915d6d7f92a7bdd5be7854"
       "67788b9fb4cbe4be5936"},
      {300, 200, 6, "81817f7f8280827f7b7f807f827f80808081817f7f7e808181807f7f8081807f80807f83"}};
  for (const auto& [width, height, size, pil] : cases) {
    Bytes pixels;
    for (unsigned y = 0; y < height; ++y)
      for (unsigned x = 0; x < width; ++x)
        pixels.push_back(static_cast<std::uint8_t>(x * x * 3 + y * y * 5 + x * y * 7));
    const auto image =
        reader(size, "cut", 1).decode(png(width, height, PngKind::kGrey, pixels), "x.png");
    for (std::int64_t i = 0; i < size * size; ++i)
      EXPECT_NEAR(image[0][i / size][i % size].item<int>(),
                  std::stoi(std::string(pil + 2 * i, 2), nullptr, 16), 1)
          << width << "x" << height << ", " << i;
  }
}

/// A JPEG's segment of EXIF that says nothing but how the camera was held.
Bytes exif(int orientation, bool big) {
  const auto number = [&](std::uint64_t value, int width) {
    return big ? big_endian(value, width) : little_endian(value, width);
  };
  Bytes tiff = big ? Bytes{'M', 'M'} : Bytes{'I', 'I'};
  append(tiff, number(42, 2));
  append(tiff, number(8, 4));
  append(tiff, number(1, 2));
  append(tiff, number(0x0112, 2));
  append(tiff, number(3, 2));
  append(tiff, number(1, 4));
  append(tiff, number(static_cast<std::uint64_t>(orientation), 2));
  append(tiff, Bytes(6, 0));
  return tiff;
}

/// By PIL's exif_transpose of red and green above blue and white.
TEST(Picture, IsTurnedAsItsExifSaysOnRequest) {
  const std::map<int, std::string> turned = {{0, "rgbw"}, {1, "rgbw"}, {2, "grwb"}, {3, "wbgr"},
                                             {4, "bwrg"}, {5, "rbgw"}, {6, "brwg"}, {7, "wgbr"},
                                             {8, "gwrb"}, {9, "rgbw"}};
  const auto letters = [](const Tensor& image) {
    std::string all;
    for (int i = 0; i < 4; ++i) {
      const auto pixel = at(image, i / 2, i % 2);
      all += pixel == std::vector{255, 0, 0}   ? 'r'
             : pixel == std::vector{0, 255, 0} ? 'g'
             : pixel == std::vector{0, 0, 255} ? 'b'
                                               : 'w';
    }
    return all;
  };
  Options options({{"size", std::int64_t{2}}, {"exif", true}});
  const PictureReader upright(options, 64, "cut");
  EXPECT_NE(upright.recipe(), reader(2).recipe());
  const Bytes rows = {0, 255, 0, 0, 0, 255, 0, 0, 0, 0, 255, 255, 255, 255};
  for (const auto& [orientation, seen] : turned) {
    for (const bool big : {false, true}) {
      const auto tiff = exif(orientation, big);
      const auto file = png_of_rows(2, 2, {PngKind::kRgb}, rows, {{"eXIf", tiff}});
      EXPECT_EQ(letters(upright.decode(file, "x.png")), seen) << orientation;
      EXPECT_EQ(letters(reader(2).decode(file, "x.png")), "rgbw") << orientation;
    }
  }
  auto photo = jpeg();  // red on the left
  Bytes segment = {0xFF, 0xE1};
  auto content = Bytes{'E', 'x', 'i', 'f', 0, 0};
  append(content, exif(6, true));
  append(segment, big_endian(content.size() + 2, 2));
  append(segment, content);
  photo.insert(photo.begin() + 2, segment.begin(), segment.end());
  EXPECT_GT(at(upright.decode(photo, "x.jpg"), 0, 0)[0], 200);
  EXPECT_GT(at(upright.decode(photo, "x.jpg"), 0, 1)[0], 200);
  EXPECT_GT(at(upright.decode(photo, "x.jpg"), 1, 0)[2], 200);
  EXPECT_THAT(at(upright.decode(kWebp, "x.webp"), 0, 0), ElementsAre(255, 0, 0));
}

TEST(Picture, OtherFormatsAreNamed) {
  const auto refusal = [](const std::string& text) {
    const Bytes bytes(text.begin(), text.end());
    return complaint([&] { reader(2).decode(bytes, "x.jpg"); });
  };
  EXPECT_THAT(refusal("GIF89a, or so"), HasSubstr("x.jpg cannot be decoded (a GIF)"));
  EXPECT_THAT(refusal(std::string("II*\0....", 8)), HasSubstr("(a TIFF)"));
  EXPECT_THAT(refusal(std::string("MM\0*....", 8)), HasSubstr("(a TIFF)"));
}

TEST(Picture, ALineIsStretchedOrPadded) {
  const auto file = png(1, 70, PngKind::kGrey, Bytes(70, 9));
  EXPECT_EQ(reader(32, "cut", 1).decode(file, "line.png").sum().item<int>(), 9 * 32 * 32);
  EXPECT_EQ(reader(32, "pad", 1).decode(file, "line.png").eq(9).sum().item<int>(), 32);
}

TEST(Picture, AStripIsPaddedButNeverStretched) {
  const auto file = png(600, 2, PngKind::kGrey, Bytes(1200, 9));
  EXPECT_EQ(reader(32, "pad", 1).decode(file, "strip.png").eq(9).sum().item<int>(), 32);
  EXPECT_THAT(complaint([&] { reader(32, "cut", 1).decode(file, "strip.png"); }),
              AllOf(HasSubstr("strip.png has 600x2 pixels"), HasSubstr("fit = \"pad\"")));
}

TEST(Picture, CutFilesAreRefusedWithTheirName) {
  auto files = files_of_four();
  files["x.jpg"] = jpeg();
  files["grey.pgm"] = pnm('5', 2, 2, {1, 2, 3, 4});
  for (const auto& [name, bytes] : files) {
    for (std::size_t length = 0; length < bytes.size(); ++length) {
      const Bytes cut(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(length));
      EXPECT_THAT(complaint([&, &name = name] { reader(2).decode(cut, name); }), HasSubstr(name))
          << "cut to " << length << " of " << bytes.size() << " bytes";
    }
  }
}

TEST(Picture, ADamagedChunkIsNamedWithItsPlace) {
  auto bytes = png(2, 2, PngKind::kRgb, kFour);
  bytes[bytes.size() - 20] ^= 1;  // in IDAT, which starts behind 8 bytes and the header's 25
  EXPECT_THAT(complaint([&] { reader(2).decode(bytes, "bent.png"); }),
              AllOf(HasSubstr("bent.png, byte 33"), HasSubstr("chunk IDAT has a wrong checksum")));
}

/// libjpeg goes on with grey where a picture's data end: a warning, which it would print.
TEST(Picture, AJpegThatLacksDataIsRefusedWithoutPrinting) {
  auto bytes = jpeg();
  bytes.erase(bytes.end() - 12, bytes.end() - 2);  // the end's mark stays
  testing::internal::CaptureStderr();
  EXPECT_THAT(complaint([&] { reader(2).decode(bytes, "grey.jpg"); }),
              AllOf(HasSubstr("grey.jpg cannot be decoded"), HasSubstr("Corrupt JPEG data")));
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

/// Bytes changed by lot: pixels or an Error, never anything else.
TEST(Picture, DamageIsAnErrorOrHarmless) {
  auto files = files_of_four();
  files["x.jpg"] = jpeg();
  files["progressive.jpg"] = jpeg_of_halves(JCS_RGB, {255, 0, 0}, {0, 0, 255}, true);
  std::mt19937 random(1);
  for (const auto& [name, whole] : files) {
    for (int i = 0; i < 500; ++i) {
      auto bytes = whole;
      for (auto changes = 1 + random() % 4; changes > 0; --changes)
        bytes[random() % bytes.size()] = static_cast<std::uint8_t>(random());
      EXPECT_NO_THROW(complaint([&, &name = name] { reader(2).decode(bytes, name); })) << name;
    }
  }
}

TEST(Picture, WhatIsNoPictureIsRefused) {
  const std::string text = "GIF89a, or an HTML page that says that the file is gone";
  for (const auto& bytes : {Bytes(text.begin(), text.end()), Bytes(1000, 0), Bytes()})
    EXPECT_THAT(complaint([&] { reader(2).decode(bytes, "page.png"); }),
                AllOf(HasSubstr("page.png cannot be decoded"), HasSubstr("expected a whole PNG")));
}

TEST(Picture, AHugePictureIsRefusedBeforeItIsDecoded) {
  auto bytes = png(1, 1, PngKind::kGrey, {0});
  auto header = big_endian(20990, 4);
  append(header, big_endian(29700, 4));
  append(header, {8, 0, 0, 0, 0});
  const auto chunk = png_chunk("IHDR", header);
  std::copy(chunk.begin(), chunk.end(), bytes.begin() + 8);
  EXPECT_THAT(complaint([&] { reader(2).decode(bytes, "huge.png"); }),
              AllOf(HasSubstr("huge.png"), HasSubstr("20990x29700 pixels")));
  auto photo = jpeg();
  const Bytes frame = {0xFF, 0xC0, 0, 17, 8};  // its size follows
  const auto size = std::search(photo.begin(), photo.end(), frame.begin(), frame.end()) + 5;
  std::copy_n(Bytes{0xFD, 0xE8, 0xFD, 0xE8}.begin(), 4, size);
  EXPECT_THAT(complaint([&] { reader(2).decode(photo, "huge.jpg"); }),
              HasSubstr("65000x65000 pixels"));
  EXPECT_THAT(complaint([&] { reader(2).decode(pnm('5', 70000, 1, {}), "long.pgm"); }),
              AllOf(HasSubstr("70000x1 pixels"), HasSubstr("65535 a side")));
}

TEST(Picture, OptionsAreChecked) {
  Options two({{"channels", std::int64_t{2}}});
  EXPECT_THROW(PictureReader(two, 8, "cut"), OptionError);
  Options mean({{"mean", std::vector<double>{0.1, 0.2}}});
  EXPECT_THROW(PictureReader(mean, 8, "cut"), OptionError);
  Options grey({{"channels", std::int64_t{1}}});
  const auto input = PictureReader(grey, 8, "cut").input();
  EXPECT_EQ(input.space, "grey");
  EXPECT_EQ(input.shape, (std::vector<std::int64_t>{1, 8, 8}));
  EXPECT_NEAR(input.mean.at(0), (0.485 + 0.456 + 0.406) / 3, 1e-12);
}

class PictureFiles : public DataPlace {};

TEST_F(PictureFiles, ManyAreReadInOrderAndTheBrokenOneIsNamed) {
  std::vector<std::string> paths;
  for (int i = 0; i < 40; ++i) {
    const auto name = std::to_string(i) + ".png";
    write(name, plain_png(3, static_cast<std::uint8_t>(i), 0, 0));
    paths.push_back((place_ / name).string());
  }
  const auto images = reader(4).load(paths);
  for (int i = 0; i < 40; ++i) EXPECT_EQ(images[i][0][2][2].item<int>(), i);
  EXPECT_TRUE(at::equal(images, reader(4).load(paths)));
  write("23.png", {1, 2, 3});
  EXPECT_THAT(complaint([&] { reader(4).load(paths); }), HasSubstr("23.png cannot be decoded"));
}

TEST_F(PictureFiles, LinksAreFollowedOnceAndWhatIsHiddenIsNot) {
  write("set/a/1.png", Bytes{1});
  write("set/.thumbs/deep/2.png", Bytes{1});
  write("set/__MACOSX/a/1.png", Bytes{1});
  write("set/b/@eaDir/1.png", Bytes{1});
  write("elsewhere/3.png", Bytes{1});
  namespace fs = std::filesystem;
  fs::create_directory_symlink("..", place_ / "set/a/up");
  fs::create_directory_symlink("../elsewhere", place_ / "set/link");
  fs::create_directory_symlink("../elsewhere", place_ / "set/same");
  fs::create_directory_symlink("a", place_ / "set/0");
  fs::create_symlink("1.png", place_ / "set/a/one.png");
  fs::create_symlink("gone.png", place_ / "set/b/gone.png");
  const auto content = content_below((place_ / "set").string());
  EXPECT_THAT(content.files, ElementsAre("a/1.png", "a/one.png", "link/3.png"));
  EXPECT_THAT(content.broken, ElementsAre("b/gone.png"));
}

TEST_F(PictureFiles, FoldersAndTheirFilesAreFound) {
  write("set/b/2.PNG", Bytes{1});
  write("set/a.png", Bytes{1});
  write("set/b/.hidden.png", Bytes{1});
  write("set/b/notes.txt", Bytes{1});
  const auto path = folder().require_folder("set");
  EXPECT_THAT(files_below(path, {".png"}), ElementsAre("a.png", "b/2.PNG"));
  EXPECT_THAT(complaint([&] { folder().require_folder("sets", "get it there"); }),
              AllOf(HasSubstr("the folder sets is missing"), HasSubstr(place_.string()),
                    HasSubstr("get it there")));
}

}  // namespace
}  // namespace ktb::run
