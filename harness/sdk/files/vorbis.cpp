// Alone in its unit: stb_vorbis defines macros L, C and R.
#include "sdk/files/vorbis.hpp"

#include <array>
#include <limits>
#include <memory>

#define STB_VORBIS_NO_STDIO
#define STB_VORBIS_NO_PUSHDATA_API
#include <stb/stb_vorbis.h>
#undef L
#undef C
#undef R

namespace ktb {

Sound decode_vorbis(const Bytes& bytes, const std::string& name) {
  const auto refuse = [&](const std::string& what) {
    throw Error(name + " cannot be decoded as Vorbis (" + what +
                "); repair the file or get it again");
  };
  if (bytes.size() > std::numeric_limits<int>::max()) refuse("longer than 2 GB");
  int fault = 0;
  const std::unique_ptr<stb_vorbis, void (*)(stb_vorbis*)> in(
      stb_vorbis_open_memory(bytes.data(), static_cast<int>(bytes.size()), &fault, nullptr),
      stb_vorbis_close);
  if (!in) refuse("decoder's fault " + std::to_string(fault) + " in its headers");

  const auto info = stb_vorbis_get_info(in.get());
  Sound sound{{}, info.sample_rate};
  constexpr int kMost = 4096;
  std::array<std::array<float, kMost>, 16> piece;  // STB_VORBIS_MAX_CHANNELS
  std::array<float*, 16> channels;
  for (std::size_t c = 0; c < channels.size(); ++c) channels[c] = piece[c].data();
  while (const int got =
             stb_vorbis_get_samples_float(in.get(), info.channels, channels.data(), kMost)) {
    for (std::size_t i = 0; i < static_cast<std::size_t>(got); ++i) {
      float sum = 0;
      for (std::size_t c = 0; c < static_cast<std::size_t>(info.channels); ++c) sum += piece[c][i];
      sound.samples.push_back(sum / static_cast<float>(info.channels));
    }
  }
  fault = stb_vorbis_get_error(in.get());
  if (fault != VORBIS__no_error)
    refuse("decoder's fault " + std::to_string(fault) + " after sample " +
           std::to_string(sound.samples.size()));
  return sound;
}

}  // namespace ktb
