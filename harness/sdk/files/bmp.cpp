#include <algorithm>
#include <array>
#include <bit>
#include <cstdlib>
#include <vector>

#include "sdk/files/picture_file.hpp"

// Microsoft's BITMAPFILEHEADER, BITMAPCOREHEADER, BITMAPINFOHEADER and its later versions.

namespace ktb {
namespace {

/// The bits of a pixel that mean one channel.
class Mask {
 public:
  explicit Mask(std::uint32_t bits = 0) : bits_(bits) {}
  bool empty() const { return bits_ == 0; }
  /// From 0 to 255, whatever the mask's width is.
  std::uint8_t of(std::uint32_t pixel) const {
    if (empty()) return 0;
    const int shift = std::countr_zero(bits_);
    const std::uint64_t value = (pixel & bits_) >> shift, most = bits_ >> shift;
    return static_cast<std::uint8_t>((value * 255 + most / 2) / most);
  }

 private:
  std::uint32_t bits_;
};

/// How an uncompressed BMP keeps its pixels.
class BmpReader {
 public:
  explicit BmpReader(const PictureFile& file)
      : file_(file), head_(file.little(kHead, 4)), start_(file.little(10, 4)) {
    constexpr std::array<std::uint32_t, 6> kKnown = {12, 40, 52, 56, 108, 124};
    if (std::find(kKnown.begin(), kKnown.end(), head_) == kKnown.end())
      file.refuse("a BMP whose header has " + std::to_string(head_) + " bytes");
    const bool old = head_ == 12;  // sizes of two bytes, nothing but colour numbers or BGR
    width_ = file.little(18, old ? 2 : 4);
    const auto height = old ? std::int64_t{file.little(20, 2)}
                            : std::int64_t{static_cast<std::int32_t>(file.little(22, 4))};
    upwards_ = height > 0;
    height_ = static_cast<std::size_t>(std::abs(height));
    bits_ = file.little(old ? 24 : 28, 2);
    const auto packing = old ? 0 : file.little(30, 4);
    const bool masked = packing == 3 && (bits_ == 16 || bits_ == 32);
    if (packing != 0 && !masked) file.refuse("a compressed BMP");
    if (bits_ <= 8) {
      read_palette(old ? 3 : 4);
    } else {
      read_masks(masked);
    }
  }

  Pixels pixels() const {
    const auto count = file_.pixels(width_, height_);
    const auto stride = (width_ * bits_ + 31) / 32 * 4;
    file_.need(start_ + stride * height_, "BMP");
    Bytes rgba;
    rgba.reserve(4 * count);
    for (std::size_t y = 0; y < height_; ++y) {
      const auto row = start_ + stride * (upwards_ ? height_ - 1 - y : y);
      for (std::size_t x = 0; x < width_; ++x) {
        const auto colour = bits_ <= 8 ? listed(row, x) : masked(row, x);
        rgba.insert(rgba.end(), colour.begin(), colour.end());
      }
    }
    if (alpha_in_doubt_) ignore_unused_alpha(rgba);
    return on_white(static_cast<std::int64_t>(height_), static_cast<std::int64_t>(width_),
                    std::move(rgba));
  }

 private:
  using Colour = std::array<std::uint8_t, 4>;
  static constexpr std::size_t kHead = 14;

  void read_palette(std::size_t entry) {
    if (bits_ != 1 && bits_ != 4 && bits_ != 8) refuse_bits();
    const std::size_t first = kHead + head_, most = std::size_t{1} << bits_;
    const auto count = start_ < first ? 0 : std::min((start_ - first) / entry, most);
    for (std::size_t i = 0, at = first; i < count; ++i, at += entry)
      palette_.push_back({channel(at + 2), channel(at + 1), channel(at), 255});
  }

  void read_masks(bool given) {
    if (bits_ != 16 && bits_ != 24 && bits_ != 32) refuse_bits();
    constexpr std::size_t kMasks = 54;  // behind the short header, or within a longer one
    if (given) {
      for (std::size_t c = 0; c < (head_ < 56 ? 3 : 4); ++c)
        masks_[c] = Mask(file_.little(kMasks + 4 * c, 4));
    } else if (bits_ == 16) {
      masks_ = {Mask(0x7C00), Mask(0x3E0), Mask(0x1F), Mask()};
    } else {
      masks_ = {Mask(0xFF0000), Mask(0xFF00), Mask(0xFF), Mask(bits_ == 32 ? 0xFF000000 : 0)};
      alpha_in_doubt_ = bits_ == 32;
    }
  }

  [[noreturn]] void refuse_bits() const {
    file_.refuse("a BMP of " + std::to_string(bits_) + " bits a pixel");
  }

  std::uint8_t channel(std::size_t at) const {
    return static_cast<std::uint8_t>(file_.little(at, 1));
  }

  Colour listed(std::size_t row, std::size_t x) const {
    const auto at = row + x * bits_ / 8;
    const auto shift = 8 - bits_ - x * bits_ % 8;
    const auto number = file_.little(at, 1) >> shift & ((1u << bits_) - 1);
    if (number >= palette_.size())
      file_.refuse_at(at, "colour " + std::to_string(number) + " of a palette of " +
                              std::to_string(palette_.size()));
    return palette_[number];
  }

  Colour masked(std::size_t row, std::size_t x) const {
    const auto pixel = file_.little(row + x * (bits_ / 8), bits_ / 8);
    return {masks_[0].of(pixel), masks_[1].of(pixel), masks_[2].of(pixel),
            masks_[3].empty() ? std::uint8_t{255} : masks_[3].of(pixel)};
  }

  /// Many writers leave the fourth byte of a pixel 0.
  static void ignore_unused_alpha(Bytes& rgba) {
    for (std::size_t i = 3; i < rgba.size(); i += 4)
      if (rgba[i] != 0) return;
    for (std::size_t i = 3; i < rgba.size(); i += 4) rgba[i] = 255;
  }

  const PictureFile& file_;
  std::size_t head_, start_, width_ = 0, height_ = 0;
  std::uint32_t bits_ = 0;
  bool upwards_ = true, alpha_in_doubt_ = false;
  std::vector<Colour> palette_;
  std::array<Mask, 4> masks_;
};

}  // namespace

Pixels decode_bmp(const PictureFile& file) { return BmpReader(file).pixels(); }

}  // namespace ktb
