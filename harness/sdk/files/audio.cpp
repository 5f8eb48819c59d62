#include "ktb/files/audio.hpp"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/fft_rfft.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/hann_window.h>
#include <ATen/ops/linspace.h>
#include <ATen/ops/minimum.h>
#include <ATen/ops/view_as_real.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <numbers>
#include <numeric>
#include <sstream>

namespace ktb {
namespace {

constexpr std::size_t kLanes = 8;
constexpr double kDecibels = 80;  ///< from the loudest value of a clip, 1, down to 0

/// `count` is a multiple of kLanes: sums that run side by side are one vector to the compiler.
float lane_dot(const float* a, const float* b, std::size_t count) {
  std::array<float, kLanes> lanes{};
  for (std::size_t i = 0; i < count; i += kLanes)
    for (std::size_t lane = 0; lane < kLanes; ++lane) lanes[lane] += a[i + lane] * b[i + lane];
  return std::accumulate(lanes.begin(), lanes.end(), 0.0f);
}

/// The filters of one change of rate. Output sample t lies at t * step / phases input samples, so
/// there are `phases` of them, each with its own place between two input samples.
class RateFilters {
 public:
  RateFilters(std::int64_t from, std::int64_t to) {
    const auto common = std::gcd(from, to);
    phases = static_cast<std::size_t>(to / common);
    step = static_cast<std::size_t>(from / common);
    const double cutoff = std::min(1.0, static_cast<double>(to) / static_cast<double>(from));
    constexpr double kCrossings = 16;
    const double reach = kCrossings / cutoff;
    before = static_cast<std::size_t>(std::ceil(reach));
    taps = (2 * before + kLanes) / kLanes * kLanes;
    weights.resize(phases * taps);
    for (std::size_t phase = 0; phase < phases; ++phase) fill(phase, cutoff, reach);
  }

  std::size_t phases, step, before, taps;
  std::vector<float> weights;  ///< [phases, taps]

 private:
  void fill(std::size_t phase, double cutoff, double reach) {
    const double place = static_cast<double>(phase * step % phases) / static_cast<double>(phases);
    float* row = weights.data() + phase * taps;
    double sum = 0;
    for (std::size_t k = 0; k < taps; ++k) {
      const double distance = static_cast<double>(k) - static_cast<double>(before) - place;
      const double angle = std::numbers::pi * cutoff * distance;
      const double sinc = distance == 0 ? 1 : std::sin(angle) / angle;
      const double hann = std::abs(distance) < reach
                              ? std::pow(std::cos(std::numbers::pi / 2 * distance / reach), 2)
                              : 0;
      row[k] = static_cast<float>(sinc * hann);
      sum += sinc * hann;
    }
    for (std::size_t k = 0; k < taps; ++k) row[k] /= static_cast<float>(sum);  // a constant stays
  }
};

/// [bins, bands], as the header says.
Tensor mel_triangles(std::int64_t rate, std::int64_t bins, std::int64_t bands) {
  const double top = 2595 * std::log10(1 + static_cast<double>(rate) / 2 / 700);
  const auto mel = at::linspace(0, top, bands + 2, at::kDouble);
  const auto edges = 700 * (at::pow(10, mel / 2595) - 1);
  const auto hertz = (at::arange(bins, at::kDouble) *
                      (static_cast<double>(rate) / 2 / static_cast<double>(bins - 1)))
                         .unsqueeze(1);
  const auto width = edges.slice(0, 1) - edges.slice(0, 0, -1);
  const auto up = (hertz - edges.slice(0, 0, -2)) / width.slice(0, 0, -1);
  const auto down = (edges.slice(0, 2) - hertz) / width.slice(0, 1);
  return at::minimum(up, down).clamp_min(0).to(at::kFloat);
}

}  // namespace

Sound resampled(const Sound& sound, std::int64_t rate) {
  if (sound.rate == rate || sound.samples.empty()) return {sound.samples, rate};
  const RateFilters filters(sound.rate, rate);
  // Silence around, so that no output needs a case of its own.
  std::vector<float> padded(filters.before + sound.samples.size() + filters.taps);
  std::copy(sound.samples.begin(), sound.samples.end(),
            padded.begin() + static_cast<std::ptrdiff_t>(filters.before));
  Sound out{{}, rate};
  out.samples.resize((sound.samples.size() * filters.phases + filters.step - 1) / filters.step);
  for (std::size_t t = 0; t < out.samples.size(); ++t)
    out.samples[t] =
        lane_dot(padded.data() + t * filters.step / filters.phases,
                 filters.weights.data() + t % filters.phases * filters.taps, filters.taps);
  return out;
}

Sound trimmed(const Sound& sound, double decibels) {
  const auto piece = static_cast<std::size_t>(std::max<std::int64_t>(1, sound.rate / 100));
  std::vector<double> power;  // of each hundredth of a second
  for (std::size_t at = 0; at < sound.samples.size(); at += piece) {
    const auto end = std::min(at + piece, sound.samples.size());
    double sum = 0;
    for (auto i = at; i < end; ++i) sum += double{sound.samples[i]} * sound.samples[i];
    power.push_back(sum / static_cast<double>(end - at));
  }
  if (power.empty()) return sound;
  const double least = *std::max_element(power.begin(), power.end()) * std::pow(10, -decibels / 10);
  const auto loud = [&](double value) { return value >= least; };
  const auto first = std::find_if(power.begin(), power.end(), loud) - power.begin();
  const auto last = power.rend() - std::find_if(power.rbegin(), power.rend(), loud);
  const auto begin = sound.samples.begin() + first * static_cast<std::ptrdiff_t>(piece);
  const auto end = std::min(static_cast<std::size_t>(last) * piece, sound.samples.size());
  return {{begin, sound.samples.begin() + static_cast<std::ptrdiff_t>(end)}, sound.rate};
}

LogMel::LogMel(Options& options, const Defaults& defaults)
    : rate_(options.get("rate", defaults.rate, "samples a second, after resampling",
                        {.least = 1000, .most = 48000})),
      bands_(options.get("bands", 40, "mel bands", {.least = 2, .most = 128})),
      seconds_(options.get("seconds", defaults.seconds, "length: longer clips are cut",
                           {.least = 0.05, .most = 60})),
      trim_(options.get("trim", defaults.trim,
                        "decibels below a clip's loudest moment that count as silence at its ends, "
                        "which is cut away; 0: nothing is",
                        {.least = 0, .most = 120})),
      mean_(defaults.mean),
      deviation_(defaults.deviation),
      window_(rate_ / 40),
      hop_(rate_ / 100),
      length_(std::llround(seconds_ * static_cast<double>(rate_))),
      hann_(at::hann_window(window_, at::kFloat)) {
  const auto fft = std::bit_ceil(static_cast<std::uint64_t>(window_));
  triangles_ = mel_triangles(rate_, static_cast<std::int64_t>(fft / 2 + 1), bands_);
}

std::int64_t LogMel::frames() const { return (length_ - window_) / hop_ + 1; }

InputSpec LogMel::input() const {
  return {"audio",
          {1, bands_, frames()},
          "logmel:" + std::to_string(bands_) + ":" + std::to_string(rate_),
          mean_,
          deviation_};
}

std::string LogMel::recipe() const {
  std::ostringstream text;
  text << "logmel 1 rate " << rate_ << " bands " << bands_ << " length " << length_ << " trim "
       << trim_;
  return text.str();
}

Tensor LogMel::spectrogram(const Tensor& samples) const {
  const auto bins = triangles_.size(0);
  const auto spectrum = at::fft_rfft(samples.unfold(0, window_, hop_) * hann_, 2 * (bins - 1));
  const auto power = at::view_as_real(spectrum).square().sum(-1).matmul(triangles_).t();
  const double most = power.max().item<double>();
  if (most <= 0) return at::zeros_like(power);
  return (1 + 10 / kDecibels * (power / most).log10()).clamp_min(0);
}

Tensor LogMel::features(const Sound& sound) const {
  auto ready = resampled(trim_ > 0 ? trimmed(sound, trim_) : sound, rate_);
  ready.samples.resize(static_cast<std::size_t>(length_));
  return spectrogram(at::from_blob(ready.samples.data(), {length_}, at::kFloat)).unsqueeze(0);
}

void LogMel::load(const std::vector<std::string>& paths, Tensor& out) const {
  at::parallel_for(0, static_cast<std::int64_t>(paths.size()), 4, [&](auto begin, auto end) {
    for (auto i = begin; i < end; ++i) {
      const auto& path = paths[static_cast<std::size_t>(i)];
      out.select(0, i).copy_(features(decode_sound(read_file(path), path)));
    }
  });
}

}  // namespace ktb
