#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "ktb/files.hpp"
#include "ktb/options.hpp"
#include "ktb/task.hpp"

namespace ktb {

/// One channel of sound, in [-1, 1].
struct Sound {
  std::vector<float> samples;
  std::int64_t rate = 0;  ///< samples a second
};

/// A WAV file (PCM of 8, 16, 24 or 32 bits, floats of 32) or an Ogg Vorbis file, as its first bytes
/// say; channels are averaged. `name` is the file, for Error: at which byte it is cut off, damaged
/// or of another format.
KTB_API Sound decode_sound(const Bytes& bytes, const std::string& name);
/// At another rate, through a sinc of 16 zero crossings a side under a Hann window; what the lower
/// of both rates cannot carry is taken out.
KTB_API Sound resampled(const Sound& sound, std::int64_t rate);
/// Without what is, at both ends, `decibels` quieter than its loudest hundredth of a second.
KTB_API Sound trimmed(const Sound& sound, double decibels);

/// Makes log-mel spectrograms of one shape, [bands, frames] in [0, 1], as the options say that it
/// declares for a data set: `rate`, `bands`, `seconds`, `trim`. Frames are 25 ms long and start
/// every 10 ms. Of each, with a periodic Hann window and zeros up to a power of two,
///
///     power[b] = sum_k triangle_b(k) |X[k]|^2
///     value[b] = max(0, 1 + 10 log10(power[b] / P) / 80)
///
/// where P is the largest power of the clip, so loudness does not matter, and the triangles of
/// height 1 overlap by half, equally wide in mel = 2595 log10(1 + hertz / 700) from 0 to rate / 2.
class KTB_API LogMel {
 public:
  /// Defaults of these options. `mean` and `deviation` are statistics of the data set's values, one
  /// of each, where they have been measured.
  struct Defaults {
    double seconds = 1, trim = 0;
    std::int64_t rate = 8000;
    std::vector<double> mean = {}, deviation = {};
  };
  LogMel(Options& options, const Defaults& defaults);

  /// `audio` [1, bands, frames], in the space `logmel:BANDS:RATE`.
  InputSpec input() const;
  /// Everything that decides the values, for keys of caches.
  std::string recipe() const;
  /// Trims, resamples, cuts or pads with silence at the end: [1, bands, frames].
  Tensor features(const Sound& sound) const;
  /// Of samples at `rate`, without any of that: [bands, frames].
  Tensor spectrogram(const Tensor& samples) const;
  /// float [N, 1, bands, frames]: all files, on all threads, into `out`.
  void load(const std::vector<std::string>& paths, Tensor& out) const;

 private:
  std::int64_t frames() const;

  std::int64_t rate_, bands_;
  double seconds_, trim_;
  std::vector<double> mean_, deviation_;
  std::int64_t window_, hop_, length_;
  Tensor hann_;       ///< [window]
  Tensor triangles_;  ///< [bins, bands]
};

}  // namespace ktb
