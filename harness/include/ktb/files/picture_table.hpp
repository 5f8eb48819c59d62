#pragma once
#include <string>
#include <vector>

#include "ktb/files/picture.hpp"

namespace ktb {

/// uint8 [N, channels, size, size] of N files, decoded once and then memory-mapped from a cache
/// file `name`-KEY.bin (see cached()); it lies as [N, size, size, channels], the order in which the
/// harness keeps images. Throws Error that names the first missing files.
KTB_API Tensor picture_table(const PictureReader& reader, const std::vector<std::string>& paths,
                             const std::string& name);

}  // namespace ktb
