#pragma once
#include <bit>
#include <cmath>
#include <string>
#include <vector>

#include "sdk/files/picture_files.hpp"

// WAV files for tests, written byte by byte.

namespace ktb::run {

struct WavForm {
  std::uint32_t format = 1, channels = 1, rate = 8000, bits = 16;
};

inline void append_text(Bytes& out, const std::string& text) {
  out.insert(out.end(), text.begin(), text.end());
}

inline void append_sample(Bytes& out, double value, const WavForm& form) {
  if (form.format == 3) {
    append(out, little_endian(std::bit_cast<std::uint32_t>(static_cast<float>(value)), 4));
  } else if (form.bits == 8) {
    append(out, little_endian(static_cast<std::uint64_t>(std::lround(128 + value * 127)), 1));
  } else {
    const double most = std::pow(2, form.bits - 1) - 1;
    append(out, little_endian(static_cast<std::uint64_t>(std::llround(value * most)),
                              static_cast<int>(form.bits / 8)));
  }
}

/// A WAV file of samples in [-1, 1], those of one moment side by side. `more` stands between the
/// format and the samples.
inline Bytes wav(const std::vector<double>& samples, const WavForm& form = {},
                 const Bytes& more = {}) {
  Bytes data;
  for (const double sample : samples) append_sample(data, sample, form);
  Bytes out;
  append_text(out, "RIFF");
  append(out, little_endian(36 + more.size() + data.size(), 4));
  append_text(out, "WAVEfmt ");
  append(out, little_endian(16, 4));
  append(out, little_endian(form.format, 2));
  append(out, little_endian(form.channels, 2));
  append(out, little_endian(form.rate, 4));
  append(out, little_endian(form.rate * form.channels * form.bits / 8, 4));
  append(out, little_endian(form.channels * form.bits / 8, 2));
  append(out, little_endian(form.bits, 2));
  append(out, more);
  append_text(out, "data");
  append(out, little_endian(data.size(), 4));
  append(out, data);
  return out;
}

inline std::vector<double> tone(double hertz, double seconds, double rate = 8000,
                                double amplitude = 0.5) {
  std::vector<double> samples(static_cast<std::size_t>(std::lround(seconds * rate)));
  for (std::size_t i = 0; i < samples.size(); ++i)
    samples[i] = amplitude * std::sin(2 * M_PI * hertz * static_cast<double>(i) / rate);
  return samples;
}

}  // namespace ktb::run
