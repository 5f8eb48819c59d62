#include <webp/decode.h>

#include "sdk/files/picture_file.hpp"

namespace ktb {

Pixels decode_webp(const PictureFile& file) {
  WebPBitstreamFeatures features;
  if (WebPGetFeatures(file.data(), file.size(), &features) != VP8_STATUS_OK)
    file.refuse("libwebp: no header of a WebP picture");
  if (features.has_animation != 0) file.refuse("a WebP animation");
  const auto count = file.pixels(static_cast<std::uint64_t>(features.width),
                                 static_cast<std::uint64_t>(features.height));
  Bytes rgba(4 * count);
  if (WebPDecodeRGBAInto(file.data(), file.size(), rgba.data(), rgba.size(), 4 * features.width) ==
      nullptr)
    file.refuse("libwebp: the picture is cut off or damaged");
  return on_white(features.height, features.width, std::move(rgba));
}

}  // namespace ktb
