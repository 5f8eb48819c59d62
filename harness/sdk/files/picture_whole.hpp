#pragma once
#include <string>

#include "ktb/files.hpp"

namespace ktb {

/// Throws Error with the place where a PNG, JPEG, BMP or PNM file is cut off, or a chunk of a PNG
/// is damaged: the decoder takes these for pictures. What is none of them passes.
void require_whole_picture(const Bytes& bytes, const std::string& name);

}  // namespace ktb
