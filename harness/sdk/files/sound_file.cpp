#include <array>
#include <bit>
#include <cstring>
#include <string_view>

#include "ktb/files/audio.hpp"
#include "sdk/files/vorbis.hpp"

namespace ktb {
namespace {

/// A file's bytes, with Errors that name the file and the byte.
class SoundReader {
 public:
  SoundReader(const Bytes& bytes, const std::string& name) : bytes_(bytes), name_(name) {}

  std::size_t size() const { return bytes_.size(); }
  const std::uint8_t* data(std::size_t at) const { return bytes_.data() + at; }
  bool holds(std::size_t at, std::string_view text) const {
    return at + text.size() <= size() && std::memcmp(data(at), text.data(), text.size()) == 0;
  }
  /// Little-endian, of 1 to 4 bytes; the caller has checked that they are there.
  std::uint32_t number(std::size_t at, std::size_t width) const {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < width; ++i) value |= std::uint32_t{bytes_[at + i]} << (8 * i);
    return value;
  }
  void need(std::size_t at, std::size_t count, const std::string& what) const {
    if (at + count > size())
      refuse(at, what + " takes " + std::to_string(count) + " bytes, the file ends after " +
                     std::to_string(size() - std::min(at, size())) + " of them: it is cut off");
  }
  [[noreturn]] void refuse(std::size_t at, const std::string& what) const {
    throw Error(name_ + ", byte " + std::to_string(at) + ": " + what +
                "; repair the file or get it again");
  }

 private:
  const Bytes& bytes_;
  const std::string& name_;
};

constexpr std::int64_t kLeastRate = 1000, kMostRate = 768000;

/// How a WAV file keeps its samples.
struct WavLayout {
  WavLayout(const SoundReader& in, std::size_t at, std::size_t size) {
    if (size < 16) in.refuse(at, "the format chunk has " + std::to_string(size) + " bytes, not 16");
    format = in.number(at, 2);
    channels = in.number(at + 2, 2);
    rate = in.number(at + 4, 4);
    bits = in.number(at + 14, 2);
    if (format == kExtensible && size >= 26) format = in.number(at + 24, 2);
    const bool whole = format == kWhole && (bits == 8 || bits == 16 || bits == 24 || bits == 32);
    if (!whole && !(format == kFloat && bits == 32))
      in.refuse(at, "samples of format " + std::to_string(format) + " with " +
                        std::to_string(bits) +
                        " bits; expected PCM (1) of 8, 16, 24 or 32 bits or floats (3) of 32");
    if (channels == 0) in.refuse(at, "no channel");
  }

  std::size_t width() const { return bits / 8; }
  float sample(const SoundReader& in, std::size_t at) const {
    const auto raw = in.number(at, width());
    if (format == kFloat) return std::bit_cast<float>(raw);
    if (bits == 8) return (static_cast<float>(raw) - 128) / 128;  // the one width without a sign
    return static_cast<float>(std::bit_cast<std::int32_t>(raw << (32 - bits))) * 0x1p-31f;
  }

  static constexpr std::uint32_t kWhole = 1, kFloat = 3, kExtensible = 0xFFFE;
  std::uint32_t format = 0, channels = 0, rate = 0, bits = 0;
};

struct WavChunk {
  std::size_t start = 0, size = 0;  ///< of its content
};

/// Whether chunks fill the file from here on, as they do behind one that is truly empty.
bool chunks_from(const SoundReader& in, std::size_t at) {
  while (at + 8 <= in.size()) at += 8 + in.number(at + 4, 4) + in.number(at + 4, 4) % 2;
  return at == in.size();
}

/// A program that writes into a pipe cannot go back to say how many samples came: it leaves 0, or
/// the most that the field or an int holds, rounded down. Then they reach to the file's end.
bool is_piped(const SoundReader& in, const WavChunk& data) {
  constexpr std::size_t kNoClip = 0x7FFFF000;
  return data.size == 0 ? !chunks_from(in, data.start)
                        : data.size >= kNoClip && data.start + data.size > in.size();
}

/// The file's chunk `id`.
WavChunk wav_chunk(const SoundReader& in, std::string_view id) {
  for (std::size_t at = 12; at < in.size();) {
    in.need(at, 8, "the head of a chunk");
    WavChunk found{at + 8, in.number(at + 4, 4)};
    if (in.holds(at, "data") && is_piped(in, found)) found.size = in.size() - found.start;
    in.need(found.start, found.size, "the chunk that starts before it");
    if (in.holds(at, id)) return found;
    at = found.start + found.size + found.size % 2;
  }
  in.refuse(in.size(), "the file ends without a chunk `" + std::string(id) + "`");
}

Sound decode_wav(const SoundReader& in) {
  const auto [head, head_size] = wav_chunk(in, "fmt ");
  const WavLayout layout(in, head, head_size);
  const auto [start, size] = wav_chunk(in, "data");
  const auto frame = layout.width() * layout.channels;
  if (size % frame != 0)
    in.refuse(start, std::to_string(size) + " bytes of samples, no multiple of " +
                         std::to_string(frame) + ": it is cut off");
  Sound sound{std::vector<float>(size / frame), layout.rate};
  for (std::size_t i = 0; i < sound.samples.size(); ++i) {
    float sum = 0;
    for (std::size_t c = 0; c < layout.channels; ++c)
      sum += layout.sample(in, start + i * frame + c * layout.width());
    sound.samples[i] = sum / static_cast<float>(layout.channels);
    if (!std::isfinite(sound.samples[i])) in.refuse(start + i * frame, "a sample is not finite");
  }
  return sound;
}

/// The Ogg checksum's table: polynomial 04c11db7, most significant bit first.
constexpr std::array<std::uint32_t, 256> kOggTable = [] {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    table[i] = i << 24;
    for (int bit = 0; bit < 8; ++bit)
      table[i] = table[i] << 1 ^ (table[i] >> 31 != 0 ? 0x04c11db7u : 0);
  }
  return table;
}();

std::uint32_t ogg_checksum(const std::uint8_t* page, std::size_t size) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < size; ++i) {
    const std::uint8_t byte = i >= 22 && i < 26 ? 0 : page[i];  // where the checksum itself stands
    sum = sum << 8 ^ kOggTable[sum >> 24 ^ byte];
  }
  return sum;
}

/// The decoder skips pages that it does not understand and takes what is left for the whole; so
/// here every page is looked at, and the last must say that it is the last.
void check_ogg(const SoundReader& in) {
  bool last = false;
  for (std::size_t at = 0; at < in.size();) {
    in.need(at, 27, "the head of an Ogg page");
    if (!in.holds(at, "OggS")) in.refuse(at, "expected an Ogg page (OggS)");
    const std::size_t segments = in.number(at + 26, 1);
    in.need(at + 27, segments, "the table of an Ogg page");
    std::size_t size = 27 + segments;
    for (std::size_t i = 0; i < segments; ++i) size += in.number(at + 27 + i, 1);
    in.need(at, size, "an Ogg page");
    if (ogg_checksum(in.data(at), size) != in.number(at + 22, 4))
      in.refuse(at, "the Ogg page's checksum does not fit its content: it is damaged");
    last = (in.number(at + 5, 1) & 4) != 0;
    at += size;
  }
  if (!last) in.refuse(in.size(), "the file ends before its last Ogg page: it is cut off");
}

}  // namespace

Sound decode_sound(const Bytes& bytes, const std::string& name) {
  const SoundReader in(bytes, name);
  Sound sound;
  if (in.holds(0, "RIFF") && in.holds(8, "WAVE")) {
    sound = decode_wav(in);
  } else if (in.holds(0, "OggS")) {
    check_ogg(in);
    sound = decode_vorbis(bytes, name);
  } else {
    in.refuse(0, "expected a WAV (RIFF....WAVE) or an Ogg Vorbis file (OggS)");
  }
  if (sound.samples.empty()) in.refuse(in.size(), "the file holds no sample");
  // What resampling costs grows with the rate.
  if (sound.rate < kLeastRate || sound.rate > kMostRate)
    in.refuse(0, "its header says " + std::to_string(sound.rate) +
                     " samples a second; sounds have " + std::to_string(kLeastRate) + " to " +
                     std::to_string(kMostRate));
  return sound;
}

}  // namespace ktb
