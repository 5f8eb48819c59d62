#include "sdk/files/vorbis.hpp"

#include <algorithm>
#include <cstring>
#include <memory>

#define OV_EXCLUDE_STATIC_CALLBACKS
#include <vorbis/vorbisfile.h>

namespace ktb {
namespace {

/// That are kept, 1 GB: an hour and a half at 48 kHz. A few bytes can be any length of silence.
constexpr std::size_t kMostSamples = std::size_t{1} << 28;

struct OggSource {
  const Bytes& bytes;
  std::size_t at = 0;
};

std::size_t read_ogg(void* out, std::size_t size, std::size_t count, void* from) {
  auto& source = *static_cast<OggSource*>(from);
  const auto got = std::min(size * count, source.bytes.size() - source.at);
  if (got > 0) std::memcpy(out, source.bytes.data() + source.at, got);
  source.at += got;
  return got;
}

}  // namespace

Sound decode_vorbis(const Bytes& bytes, const std::string& name) {
  const auto refuse = [&](const std::string& what) {
    throw Error(name + " cannot be decoded as Vorbis (" + what +
                "); repair the file or get it again");
  };
  OggSource source{bytes};
  OggVorbis_File file;
  constexpr ov_callbacks kForward = {read_ogg, nullptr, nullptr, nullptr};
  if (const int fault = ov_open_callbacks(&source, &file, nullptr, 0, kForward); fault != 0)
    refuse("libvorbis' fault " + std::to_string(fault) + " in its headers");
  const std::unique_ptr<OggVorbis_File, int (*)(OggVorbis_File*)> closed(&file, ov_clear);

  Sound sound{{}, ov_info(&file, -1)->rate};
  float** channels = nullptr;
  int link = 0;
  while (const long got = ov_read_float(&file, &channels, 4096, &link)) {
    const auto* info = ov_info(&file, -1);  // of a file of several pieces, the one that is read
    const auto here = " after sample " + std::to_string(sound.samples.size());
    if (got < 0) refuse("libvorbis' fault " + std::to_string(got) + here);
    if (info->rate != sound.rate) refuse("another rate" + here);
    if (sound.samples.size() > kMostSamples) refuse("it goes on" + here);
    for (long i = 0; i < got; ++i) {
      float sum = 0;
      for (int c = 0; c < info->channels; ++c) sum += channels[c][i];
      sound.samples.push_back(sum / static_cast<float>(info->channels));
    }
  }
  return sound;
}

}  // namespace ktb
