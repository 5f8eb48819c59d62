#pragma once
#include <string>

#include "ktb/files/audio.hpp"

namespace ktb {

/// The samples of an Ogg file whose pages are whole; channels are averaged. Throws Error.
Sound decode_vorbis(const Bytes& bytes, const std::string& name);

}  // namespace ktb
