#include <png.h>
#include <zlib.h>

#include <array>
#include <csetjmp>
#include <cstdio>
#include <cstring>

#include "sdk/files/picture_file.hpp"

namespace ktb {
namespace {

/// Chunks follow each other: length, type, content, checksum of type and content.
void check_chunks(const PictureFile& file) {
  for (std::size_t at = 8;;) {
    if (file.size() - at < 12) file.refuse_at(at, "expected a chunk of a PNG, the file ends here");
    const std::size_t length = file.big(at, 4);
    const std::string type(reinterpret_cast<const char*>(file.data()) + at + 4, 4);
    if (file.size() - at - 12 < length)
      file.refuse_at(at, "chunk " + type + " of " + std::to_string(length) +
                             " bytes goes beyond the end of the file");
    const auto sum = crc32(0, file.data() + at + 4, static_cast<unsigned>(length + 4));
    if (sum != file.big(at + 8 + length, 4))
      file.refuse_at(at, "chunk " + type + " has a wrong checksum");
    if (type == "IEND") return;
    at += 12 + length;
  }
}

/// What libpng reads, and what it says before it gives up.
struct PngSource {
  const PictureFile& file;
  std::size_t at = 0;
  std::array<char, 160> fault{};
};

void give_up(png_structp png, png_const_charp what) {
  auto& fault = static_cast<PngSource*>(png_get_error_ptr(png))->fault;
  std::snprintf(fault.data(), fault.size(), "%s", what);
  png_longjmp(png, 1);
}

void pass_over(png_structp, png_const_charp) {}

void read_source(png_structp png, png_bytep out, std::size_t count) {
  auto& source = *static_cast<PngSource*>(png_get_io_ptr(png));
  if (count > source.file.size() - source.at) png_error(png, "the file ends early");
  std::memcpy(out, source.file.data() + source.at, count);
  source.at += count;
}

// libpng leaves the next two by longjmp, so nothing in them has a destructor.

bool read_header(png_structp png, png_infop info, PngSource* source) {
  if (setjmp(png_jmpbuf(png)) != 0) return false;
  png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);  // PictureFile has the limits
  // Neither texts nor profiles nor gamma: the numbers in the file are the pixels.
  png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, nullptr, -1);
  png_set_read_fn(png, source, read_source);
  png_read_info(png, info);
  return true;
}

/// Whatever the file's kind is, as RGBA of 8 bits; of 16 bits the higher 8 stay.
bool read_rows(png_structp png, png_infop info, std::uint8_t* rgba, std::size_t stride) {
  if (setjmp(png_jmpbuf(png)) != 0) return false;
  png_set_expand(png);
  png_set_strip_16(png);
  png_set_gray_to_rgb(png);
  png_set_add_alpha(png, 0xFF, PNG_FILLER_AFTER);
  const int passes = png_set_interlace_handling(png);
  png_read_update_info(png, info);
  if (png_get_rowbytes(png, info) != stride) png_error(png, "rows of an unexpected length");
  const auto height = png_get_image_height(png, info);
  for (int pass = 0; pass < passes; ++pass)
    for (std::size_t row = 0; row < height; ++row) png_read_row(png, rgba + row * stride, nullptr);
  return true;
}

/// libpng's state.
class PngReader {
 public:
  explicit PngReader(const PictureFile& file)
      : source_{file},
        png_(png_create_read_struct(PNG_LIBPNG_VER_STRING, &source_, give_up, pass_over)),
        info_(png_ == nullptr ? nullptr : png_create_info_struct(png_)) {}
  ~PngReader() { png_destroy_read_struct(&png_, &info_, nullptr); }
  PngReader(const PngReader&) = delete;
  PngReader& operator=(const PngReader&) = delete;

  Pixels pixels() {
    if (info_ == nullptr) source_.file.refuse("libpng does not start: too little memory");
    demand(read_header(png_, info_, &source_));
    const std::size_t width = png_get_image_width(png_, info_);
    const std::size_t height = png_get_image_height(png_, info_);
    Bytes rgba(4 * source_.file.pixels(width, height));
    demand(read_rows(png_, info_, rgba.data(), 4 * width));
    return on_white(static_cast<std::int64_t>(height), static_cast<std::int64_t>(width),
                    std::move(rgba));
  }

 private:
  void demand(bool done) const {
    if (!done) source_.file.refuse(std::string("libpng: ") + source_.fault.data());
  }

  PngSource source_;
  png_structp png_;
  png_infop info_;
};

}  // namespace

Pixels decode_png(const PictureFile& file) {
  check_chunks(file);
  return PngReader(file).pixels();
}

}  // namespace ktb
