#pragma once
#include "sdk/files/picture_file.hpp"

namespace ktb {

/// How a camera was held, 1 to 8 as EXIF counts, by what a JPEG, PNG or WebP file says of it; 1,
/// upright, where it says nothing or nothing that can be understood.
int orientation_of(const PictureFile& file);

}  // namespace ktb
