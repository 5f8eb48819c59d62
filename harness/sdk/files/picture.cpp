#include "ktb/files/picture.hpp"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/_upsample_bilinear2d_aa.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/flip.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/full.h>

#include <algorithm>
#include <cmath>

#include "sdk/files/exif.hpp"
#include "sdk/files/pixels.hpp"

namespace ktb {
namespace {

/// [1, 1, h, w] from [1, 3, h, w], weighted as ITU-R BT.601 does.
Tensor grey(const Tensor& rgb) {
  return (rgb.select(1, 0) * 0.299 + rgb.select(1, 1) * 0.587 + rgb.select(1, 2) * 0.114)
      .unsqueeze(1);
}

std::int64_t scaled(std::int64_t extent, double scale) {
  return std::max<std::int64_t>(1, std::llround(static_cast<double>(extent) * scale));
}

/// The middle `size` of an axis.
Tensor centre(const Tensor& image, std::int64_t axis, std::int64_t size) {
  return image.narrow(axis, (image.size(axis) - size) / 2, size);
}

/// [1, c, h, w] upright: EXIF's orientations from 5 on interchange rows and columns, and then some
/// mirror these or those.
Tensor upright(const Tensor& image, int orientation) {
  std::vector<std::int64_t> mirrored;
  if (orientation == 3 || orientation == 4 || orientation == 7 || orientation == 8)
    mirrored.push_back(2);
  if (orientation == 2 || orientation == 3 || orientation == 6 || orientation == 7)
    mirrored.push_back(3);
  return at::flip(orientation >= 5 ? image.transpose(2, 3) : image, mirrored);
}

/// A strip that is cut is scaled to its width first, however long that makes it.
void refuse_strip(std::int64_t height, std::int64_t width, const std::string& name) {
  constexpr std::int64_t kMost = 256;
  if (std::max(height, width) <= kMost * std::min(height, width)) return;
  throw Error(name + " has " + std::to_string(width) + "x" + std::to_string(height) +
              " pixels: more than " + std::to_string(kMost) +
              " times as long as wide; fit = \"pad\" takes it");
}

/// A grey image takes the mean of the colour statistics.
void fit_statistics(std::vector<double>& values, std::int64_t channels, const std::string& name) {
  if (channels == 1 && values.size() == 3) values = {(values[0] + values[1] + values[2]) / 3};
  if (values.size() == static_cast<std::size_t>(channels)) return;
  throw OptionError(name, name + " has " + std::to_string(values.size()) + " entries for " +
                              std::to_string(channels) + " channels");
}

}  // namespace

const std::vector<std::string>& picture_endings() {
  static const auto& all = *new std::vector<std::string>{
      ".bmp", ".dib", ".jfif", ".jpe", ".jpeg", ".jpg", ".pgm", ".png", ".pnm", ".ppm", ".webp"};
  return all;
}

PictureReader::PictureReader(Options& options, std::int64_t size, const char* fit,
                             std::int64_t channels)
    : size_(options.get("size", size, "side in pixels", {.least = 1, .most = 4096})),
      channels_(options.get("channels", channels, "3: colour, 1: grey", {.least = 1, .most = 3})),
      pad_(options.get("fit", fit,
                       "cut: the shorter side becomes `size`, and the centre stays; pad: the whole "
                       "picture, on white",
                       {"cut", "pad"}) == "pad"),
      exif_(options.get("exif", false,
                        "turn pictures upright as their EXIF says; torchvision leaves them as they "
                        "are stored")),
      mean_(
          options.get("mean", std::vector<double>{0.485, 0.456, 0.406}, "per channel, of [0, 1]")),
      deviation_(options.get("deviation", std::vector<double>{0.229, 0.224, 0.225},
                             "per channel, of [0, 1]", {.least = 1e-6})) {
  if (channels_ == 2) throw OptionError("channels", "channels = 2: must be 1 or 3");
  fit_statistics(mean_, channels_, "mean");
  fit_statistics(deviation_, channels_, "deviation");
}

InputSpec PictureReader::input() const {
  return {"image", {channels_, size_, size_}, channels_ == 1 ? "grey" : "rgb", mean_, deviation_};
}

std::string PictureReader::recipe() const {
  return std::to_string(channels_) + "x" + std::to_string(size_) + (pad_ ? " pad" : " cut") +
         (exif_ ? " exif" : "");
}

Tensor PictureReader::decode(const Bytes& bytes, const std::string& name) const {
  auto picture = decode_picture(bytes, name);
  if (!pad_) refuse_strip(picture.height, picture.width, name);
  auto pixels = at::from_blob(picture.rgb.data(), {1, picture.height, picture.width, 3}, at::kByte)
                    .permute({0, 3, 1, 2})
                    .to(at::kFloat);
  if (exif_) pixels = upright(pixels, orientation_of(PictureFile(bytes, name)));
  if (channels_ == 1) pixels = grey(pixels);

  const auto height = pixels.size(2), width = pixels.size(3);
  const auto whole = pad_ ? std::max(height, width) : std::min(height, width);
  const double scale = static_cast<double>(size_) / static_cast<double>(whole);
  const auto new_height = scaled(height, scale), new_width = scaled(width, scale);
  if (new_height != height || new_width != width)
    pixels = at::_upsample_bilinear2d_aa(pixels.contiguous(), {new_height, new_width}, false,
                                         std::nullopt, std::nullopt);
  pixels = pixels.squeeze(0).round().clamp(0, 255).to(at::kByte);
  if (!pad_) return centre(centre(pixels, 1, size_), 2, size_);
  auto image = at::full({channels_, size_, size_}, 255, at::kByte);
  centre(centre(image, 1, new_height), 2, new_width).copy_(pixels);
  return image;
}

Tensor PictureReader::load(const std::vector<std::string>& paths) const {
  const auto path = [&](std::int64_t i) { return paths[static_cast<std::size_t>(i)]; };
  return decode_all(
      static_cast<std::int64_t>(paths.size()), [&](std::int64_t i) { return read_file(path(i)); },
      path);
}

Tensor PictureReader::decode_all(std::int64_t n, const std::function<Bytes(std::int64_t)>& read,
                                 const std::function<std::string(std::int64_t)>& name) const {
  auto images = at::empty({n, channels_, size_, size_}, at::kByte);
  at::parallel_for(0, n, 8, [&](std::int64_t begin, std::int64_t end) {
    for (auto i = begin; i < end; ++i) images.select(0, i).copy_(decode(read(i), name(i)));
  });
  return images;
}

}  // namespace ktb
