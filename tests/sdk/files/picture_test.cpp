#include "ktb/files/picture.hpp"

#include <ATen/ops/equal.h>
#include <gmock/gmock.h>

#include "run/data_place.hpp"
#include "sdk/files/picture_files.hpp"

#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STB_IMAGE_WRITE_STATIC
#include <stb/stb_image_write.h>

namespace ktb::run {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

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

/// 16x16, red on the left, blue on the right:
/// as JPEG stores colours by blocks, its halves are kept.
Bytes jpeg() {
  Bytes pixels, file;
  for (int i = 0; i < 256; ++i) append(pixels, i % 16 < 8 ? Bytes{255, 0, 0} : Bytes{0, 0, 255});
  stbi_write_jpg_to_func(
      [](void* out, void* data, int size) {
        const auto* bytes = static_cast<const std::uint8_t*>(data);
        static_cast<Bytes*>(out)->insert(static_cast<Bytes*>(out)->end(), bytes, bytes + size);
      },
      &file, 16, 16, 3, pixels.data(), 95);
  return file;
}

/// A picture of 2x2: red and green above blue and white.
const Bytes kFour = {255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255};

std::map<std::string, Bytes> files_of_four() {
  return {{"x.png", png(2, 2, PngKind::kRgb, kFour)},
          {"palette.png", png(2, 2, PngKind::kPalette, {0, 1, 2, 3}, kFour)},
          {"x.ppm", pnm('6', 2, 2, kFour)},
          {"x.bmp", bmp(2, 2, {255, 0, 0, 255, 255, 255, 0, 0, 0, 0, 255, 0, 255, 0, 0, 0})}};
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
  const auto image = reader(16).decode(jpeg(), "x.jpg");
  EXPECT_GT(at(image, 8, 1)[0], 240);
  EXPECT_LT(at(image, 8, 1)[2], 15);
  EXPECT_GT(at(image, 8, 14)[2], 240);
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

TEST(Picture, ALineIsStretchedOrPadded) {
  const auto file = png(1, 70, PngKind::kGrey, Bytes(70, 9));
  EXPECT_EQ(reader(32, "cut", 1).decode(file, "line.png").sum().item<int>(), 9 * 32 * 32);
  EXPECT_EQ(reader(32, "pad", 1).decode(file, "line.png").eq(9).sum().item<int>(), 32);
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
