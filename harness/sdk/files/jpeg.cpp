#include <array>
#include <csetjmp>
#include <cstdio>

#include <jpeglib.h>

#include <jerror.h>

#include "sdk/files/picture_file.hpp"

namespace ktb {
namespace {

constexpr long kMostMemory = 1L << 30;  ///< of libjpeg's own, in bytes
constexpr int kMostScans = 100;         ///< each goes over all pixels; writers make about ten

/// libjpeg's state, and what it says before it gives up.
struct JpegReader {
  JpegReader() = default;
  ~JpegReader() { jpeg_destroy_decompress(&info); }
  JpegReader(const JpegReader&) = delete;
  JpegReader& operator=(const JpegReader&) = delete;

  jpeg_decompress_struct info{};
  jpeg_error_mgr errors{};
  jpeg_progress_mgr progress{};
  std::jmp_buf back{};
  std::array<char, JMSG_LENGTH_MAX> fault{};
};

void leave(j_common_ptr info) {
  auto& reader = *static_cast<JpegReader*>(info->client_data);
  info->err->format_message(info, reader.fault.data());
  std::longjmp(reader.back, 1);
}

/// A warning. libjpeg goes on without the pixels that these speak of; others are about what does
/// not matter, such as bytes too many.
void weigh(j_common_ptr info, int level) {
  if (level >= 0) return;
  switch (info->err->msg_code) {
    case JWRN_ARITH_BAD_CODE:
    case JWRN_HIT_MARKER:
    case JWRN_HUFF_BAD_CODE:
    case JWRN_JPEG_EOF:
    case JWRN_MUST_RESYNC:
      leave(info);
  }
}

void count_scans(j_common_ptr info) {
  if (reinterpret_cast<j_decompress_ptr>(info)->input_scan_number <= kMostScans) return;
  auto& reader = *static_cast<JpegReader*>(info->client_data);
  std::snprintf(reader.fault.data(), reader.fault.size(), "more than %d scans", kMostScans);
  std::longjmp(reader.back, 1);
}

// libjpeg leaves the next two by longjmp, so nothing in them has a destructor.

/// Of four colours, which libjpeg does not make RGB of, all four come.
bool read_header(JpegReader& reader, const std::uint8_t* bytes, std::size_t size) {
  auto& info = reader.info;
  info.err = jpeg_std_error(&reader.errors);
  info.err->error_exit = leave;
  info.err->emit_message = weigh;
  info.client_data = &reader;
  if (setjmp(reader.back) != 0) return false;
  jpeg_create_decompress(&info);
  info.mem->max_memory_to_use = kMostMemory;
  reader.progress.progress_monitor = count_scans;
  info.progress = &reader.progress;
  jpeg_mem_src(&info, bytes, size);
  jpeg_read_header(&info, TRUE);
  info.out_color_space = info.num_components == 4 ? JCS_CMYK : JCS_RGB;
  return true;
}

bool read_rows(JpegReader& reader, std::uint8_t* out, std::size_t stride) {
  auto& info = reader.info;
  if (setjmp(reader.back) != 0) return false;
  jpeg_start_decompress(&info);
  while (info.output_scanline < info.output_height) {
    JSAMPROW row = out + info.output_scanline * stride;
    jpeg_read_scanlines(&info, &row, 1);
  }
  jpeg_finish_decompress(&info);  // goes to the picture's end, which a file cut off lacks
  return true;
}

/// Files of four colours hold them inverted, as Adobe's programs write them.
void cmyk_to_rgb(Bytes& pixels) {
  for (std::size_t i = 0; i < pixels.size() / 4; ++i) {
    const int black = pixels[4 * i + 3];
    for (std::size_t c = 0; c < 3; ++c)
      pixels[3 * i + c] = static_cast<std::uint8_t>((pixels[4 * i + c] * black + 127) / 255);
  }
  pixels.resize(pixels.size() / 4 * 3);
}

}  // namespace

Pixels decode_jpeg(const PictureFile& file) {
  JpegReader reader;
  const auto demand = [&](bool done) {
    if (!done) file.refuse(std::string("libjpeg: ") + reader.fault.data());
  };
  demand(read_header(reader, file.data(), file.size()));
  const std::size_t width = reader.info.image_width, height = reader.info.image_height;
  const std::size_t channels = reader.info.out_color_space == JCS_CMYK ? 4 : 3;
  Bytes pixels(channels * file.pixels(width, height));
  demand(read_rows(reader, pixels.data(), channels * width));
  if (channels == 4) cmyk_to_rgb(pixels);
  return {static_cast<std::int64_t>(height), static_cast<std::int64_t>(width), std::move(pixels)};
}

std::string picture_decoders() {
  return "libjpeg-turbo " + std::to_string(LIBJPEG_TURBO_VERSION_NUMBER);
}

}  // namespace ktb
