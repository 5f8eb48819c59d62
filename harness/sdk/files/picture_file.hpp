#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "sdk/files/pixels.hpp"

namespace ktb {

/// The bytes of a picture that is being decoded, with Errors that name the file.
class PictureFile {
 public:
  PictureFile(std::span<const std::uint8_t> bytes, const std::string& name)
      : bytes_(bytes), name_(name) {}

  const std::uint8_t* data() const { return bytes_.data(); }
  std::size_t size() const { return bytes_.size(); }
  bool starts(std::string_view magic) const;
  /// Of 1 to 4 bytes, the first of which counts most, or least.
  std::uint32_t big(std::size_t at, std::size_t width) const;
  std::uint32_t little(std::size_t at, std::size_t width) const;

  [[noreturn]] void refuse(const std::string& what) const;
  [[noreturn]] void refuse_at(std::size_t at, const std::string& what) const;
  /// Refuses a file that is shorter than its `kind` of picture.
  void need(std::size_t bytes, const std::string& kind) const;
  /// Their number, before there is room for them: a few bytes of header can ask for any amount of
  /// memory. Refuses none, and more than are decoded.
  std::size_t pixels(std::uint64_t width, std::uint64_t height) const;

 private:
  std::uint32_t at(std::size_t at) const;

  std::span<const std::uint8_t> bytes_;
  const std::string& name_;
};

/// From red, green, blue and opacity of each pixel.
Pixels on_white(std::int64_t height, std::int64_t width, Bytes rgba);

// One reader a format, each for files that start as its do.
Pixels decode_png(const PictureFile& file);
Pixels decode_jpeg(const PictureFile& file);
Pixels decode_webp(const PictureFile& file);
Pixels decode_bmp(const PictureFile& file);
Pixels decode_pnm(const PictureFile& file);

}  // namespace ktb
