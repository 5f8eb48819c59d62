#include "ktb/files/audio.hpp"

#include <ATen/ops/allclose.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gmock/gmock.h>

#include <numbers>

#include "run/data_place.hpp"
#include "sdk/files/sound_files.hpp"

namespace ktb::run {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::FloatNear;
using ::testing::HasSubstr;

std::string refusal_of(const Bytes& bytes) {
  return complaint([&] { decode_sound(bytes, "x.wav"); });
}

Sound sound(const std::vector<double>& samples, std::int64_t rate) {
  return {{samples.begin(), samples.end()}, rate};
}

/// Largest difference away from the ends, where a filter lacks what it needs.
double difference(const Sound& a, const std::vector<double>& b, std::size_t margin) {
  double most = 0;
  for (std::size_t i = margin; i + margin < std::min(a.samples.size(), b.size()); ++i)
    most = std::max(most, std::abs(a.samples[i] - b[i]));
  return most;
}

double loudest(const Sound& a, std::size_t margin) {
  return difference(a, std::vector<double>(a.samples.size()), margin);
}

// ---- WAV

TEST(Wav, EveryWidthGivesItsSamples) {
  const std::vector<double> samples = {0, 0.5, -0.5, 1, -1};
  for (const auto& form : {WavForm{1, 1, 8000, 8}, WavForm{1, 1, 8000, 16}, WavForm{1, 1, 8000, 24},
                           WavForm{1, 1, 8000, 32}, WavForm{3, 1, 8000, 32}}) {
    const auto read = decode_sound(wav(samples, form), "x.wav");
    EXPECT_EQ(read.rate, 8000);
    ASSERT_EQ(read.samples.size(), samples.size());
    const double step = form.bits == 8 ? 0.01 : 1e-4;
    for (std::size_t i = 0; i < samples.size(); ++i)
      EXPECT_NEAR(read.samples[i], samples[i], step) << form.format << " " << form.bits;
  }
}

TEST(Wav, ChannelsAreAveragedAndOtherChunksPassedOver) {
  Bytes more;
  append_text(more, "LIST");
  append(more, little_endian(3, 4));
  append_text(more, "abc");
  more.push_back(0);  // odd chunks are padded
  const auto read = decode_sound(wav({0.5, 0.1, -0.4, 0.2}, {3, 2, 44100, 32}, more), "x.wav");
  EXPECT_EQ(read.rate, 44100);
  EXPECT_THAT(read.samples, ElementsAre(FloatNear(0.3f, 1e-6f), FloatNear(-0.1f, 1e-6f)));
}

TEST(Wav, TheExtendedFormatNamesItsOwn) {
  Bytes file;
  append_text(file, "RIFF");
  append(file, little_endian(66, 4));
  append_text(file, "WAVEfmt ");
  append(file, little_endian(40, 4));
  for (const auto& [value, width] : std::vector<std::pair<std::uint32_t, int>>{{0xFFFE, 2},
                                                                               {1, 2},
                                                                               {8000, 4},
                                                                               {16000, 4},
                                                                               {2, 2},
                                                                               {16, 2},
                                                                               {22, 2},
                                                                               {16, 2},
                                                                               {4, 4},
                                                                               {1, 2}})
    append(file, little_endian(value, width));
  file.resize(file.size() + 14);
  append_text(file, "data");
  append(file, little_endian(2, 4));
  append(file, little_endian(0x4000, 2));
  EXPECT_THAT(decode_sound(file, "x.wav").samples, ElementsAre(0.5f));
}

TEST(Wav, CutAnywhereItIsRefusedWithFileAndByte) {
  const auto whole = wav(tone(440, 0.01));
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
    EXPECT_THAT(refusal_of(cut), HasSubstr("x.wav, byte ")) << length;
  }
  const Bytes cut(whole.begin(), whole.end() - 1);
  EXPECT_THAT(refusal_of(cut), AllOf(HasSubstr("byte 44: "), HasSubstr("takes 160 bytes"),
                                     HasSubstr("ends after 159"), HasSubstr("cut off")));
}

/// ffmpeg, sox and arecord write into a pipe, and cannot go back to the header.
TEST(Wav, FromAPipeItReachesToTheEndOfTheFile) {
  const auto samples = tone(400, 0.05);
  const auto whole = decode_sound(wav(samples), "x.wav").samples;
  for (const std::uint64_t size : {0xFFFFFFFFu, 0u, 0x7FFFF000u, 0x80000000u, 0xFFFFFFDAu}) {
    auto piped = wav(samples);
    const auto written = little_endian(size, 4);
    std::copy(written.begin(), written.end(), piped.begin() + 40);
    std::copy(written.begin(), written.end(), piped.begin() + 4);
    EXPECT_EQ(decode_sound(piped, "x.wav").samples, whole) << size;
    piped.pop_back();
    EXPECT_THAT(complaint([&] { decode_sound(piped, "x.wav"); }),
                AllOf(HasSubstr("x.wav, byte 44"), HasSubstr("cut off")));
  }
  auto empty = wav({});
  EXPECT_THAT(complaint([&] { decode_sound(empty, "x.wav"); }), HasSubstr("holds no sample"));
  append_text(empty, "LIST");
  append(empty, little_endian(4, 4));
  append_text(empty, "INFO");
  EXPECT_THAT(complaint([&] { decode_sound(empty, "x.wav"); }), HasSubstr("holds no sample"));
}

TEST(Wav, WhatItIsNotIsSaid) {
  EXPECT_THAT(refusal_of(Bytes(50, 'x')),
              AllOf(HasSubstr("x.wav, byte 0: expected a WAV"), HasSubstr("Ogg Vorbis")));
  EXPECT_THAT(refusal_of(wav({0}, {6, 1, 8000, 8})),
              AllOf(HasSubstr("byte 20: "), HasSubstr("format 6 with 8 bits"), HasSubstr("PCM")));
  EXPECT_THAT(refusal_of(wav({0}, {1, 0, 8000, 16})), HasSubstr("no channel"));
  for (const unsigned rate : {0U, 999U, 2147475648U})
    EXPECT_THAT(refusal_of(wav({0}, {1, 1, rate, 16})),
                HasSubstr(std::to_string(rate) + " samples a second; sounds have 1000 to 768000"));
  EXPECT_THAT(refusal_of(wav({})), HasSubstr("no sample"));
  auto odd = wav({0, 0, 0}, {1, 2, 8000, 16});
  EXPECT_THAT(refusal_of(odd), HasSubstr("6 bytes of samples, no multiple of 4"));
  EXPECT_THAT(refusal_of(wav({0.1, std::nan("")}, {3, 1, 8000, 32})),
              AllOf(HasSubstr("byte 48: "), HasSubstr("not finite")));
  auto nameless = wav({0, 0});
  nameless[36] = 'D';
  EXPECT_THAT(refusal_of(nameless), HasSubstr("without a chunk `data`"));
}

// ---- Ogg Vorbis

/// 0.2 s of 440 Hz at 8 kHz, written by libvorbis: amplitude 0.5 on the left, 0.3 on the right.
Bytes tone_file() {
  return read_file(std::string(KTB_SOURCE_DIR) + "/tests/golden/sounds/tone.ogg");
}

TEST(Vorbis, GivesTheMeanOfItsChannels) {
  const auto read = decode_sound(tone_file(), "tone.ogg");
  EXPECT_EQ(read.rate, 8000);
  EXPECT_EQ(read.samples.size(), 1600u);
  EXPECT_LT(difference(read, tone(440, 0.2, 8000, 0.4), 0), 0.02);
}

TEST(Vorbis, CutAnywhereItIsRefusedWithFileAndByte) {
  const auto whole = tone_file();
  for (std::size_t length = 0; length < whole.size(); length += 13) {
    const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
    EXPECT_THAT(refusal_of(cut), HasSubstr("x.wav, byte ")) << length;
  }
}

/// The bytes where pages begin.
std::vector<std::size_t> pages_of(const Bytes& file) {
  std::vector<std::size_t> starts;
  const std::string mark = "OggS";
  for (auto at = std::search(file.begin(), file.end(), mark.begin(), mark.end()); at != file.end();
       at = std::search(at + 1, file.end(), mark.begin(), mark.end()))
    starts.push_back(static_cast<std::size_t>(at - file.begin()));
  return starts;
}

TEST(Vorbis, AMissingLastPageAndDamageAreNoticed) {
  const auto whole = tone_file();
  const auto pages = pages_of(whole);
  ASSERT_GE(pages.size(), 3u);
  const Bytes fewer(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(pages.back()));
  EXPECT_THAT(refusal_of(fewer), AllOf(HasSubstr("byte " + std::to_string(pages.back())),
                                       HasSubstr("before its last Ogg page")));
  for (std::size_t at = 5; at < whole.size(); at += 101) {
    auto bent = whole;
    bent[at] ^= 4;
    EXPECT_THAT(refusal_of(bent), HasSubstr("x.wav, byte ")) << at;
  }
  auto bent = whole;
  bent[pages[1] + 200] ^= 1;
  EXPECT_THAT(refusal_of(bent), AllOf(HasSubstr("byte " + std::to_string(pages[1])),
                                      HasSubstr("checksum"), HasSubstr("damaged")));
}

/// The first page alone, its checksum made anew, bit by bit.
Bytes page_of_another_codec() {
  Bytes page = tone_file();
  page.resize(pages_of(page)[1]);
  page[5] |= 4;  // the last
  page[29] = 'V';
  for (std::size_t i = 22; i < 26; ++i) page[i] = 0;
  std::uint32_t sum = 0;
  for (const auto byte : page) {
    for (int bit = 7; bit >= 0; --bit) {
      const bool carry = (sum >> 31 ^ (byte >> bit & 1)) != 0;
      sum = sum << 1 ^ (carry ? 0x04c11db7u : 0);
    }
  }
  for (std::size_t i = 0; i < 4; ++i) page[22 + i] = static_cast<std::uint8_t>(sum >> (8 * i));
  return page;
}

TEST(Vorbis, AnotherCodecIsSaidToBeOne) {
  EXPECT_THAT(refusal_of(page_of_another_codec()),
              AllOf(HasSubstr("x.wav cannot be decoded as Vorbis"), HasSubstr("headers")));
}

// ---- Resampling and trimming

TEST(Resampling, KeepsATone) {
  for (const auto& [from, to] : std::vector<std::pair<int, int>>{{44100, 8000},
                                                                 {22050, 8000},
                                                                 {48000, 16000},
                                                                 {8000, 16000},
                                                                 {11025, 8000},
                                                                 {5000, 8000}}) {
    const auto made = resampled(sound(tone(440, 0.5, from), from), to);
    EXPECT_EQ(made.rate, to);
    EXPECT_NEAR(static_cast<double>(made.samples.size()), 0.5 * to, 1);
    EXPECT_LT(difference(made, tone(440, 0.5, to), 100), 2e-3) << from << " to " << to;
  }
}

TEST(Resampling, TakesOutWhatTheLowerRateCannotCarry) {
  const auto high = resampled(sound(tone(6000, 0.5, 44100), 44100), 8000);
  EXPECT_LT(loudest(high, 100), 2e-3);
  const auto low = resampled(sound(tone(3000, 0.5, 44100), 44100), 8000);
  EXPECT_GT(loudest(low, 100), 0.49);
}

TEST(Resampling, AConstantStaysAndTheSameRateChangesNothing) {
  const auto flat = resampled(sound(std::vector<double>(2000, 0.25), 44100), 8000);
  for (std::size_t i = 50; i + 50 < flat.samples.size(); ++i)
    EXPECT_NEAR(flat.samples[i], 0.25, 1e-5);
  const auto same = sound({0.1, 0.2}, 8000);
  EXPECT_EQ(resampled(same, 8000).samples, same.samples);
}

TEST(Trimming, TakesQuietEndsAndLeavesPausesInside) {
  std::vector<double> samples(1600, 0.0);  // 0.2 s of nothing, tone, nothing, tone, nearly nothing
  const auto append_all = [&](const std::vector<double>& more) {
    samples.insert(samples.end(), more.begin(), more.end());
  };
  append_all(tone(400, 0.1));
  append_all(std::vector<double>(800, 0.0));
  append_all(tone(400, 0.1));
  append_all(tone(400, 0.3, 8000, 0.001));  // 54 dB below
  EXPECT_EQ(trimmed(sound(samples, 8000), 40).samples.size(), 2400u);
  EXPECT_EQ(trimmed(sound(samples, 8000), 60).samples.size(), 4800u);
  const auto silence = sound(std::vector<double>(100, 0.0), 8000);
  EXPECT_EQ(trimmed(silence, 40).samples.size(), 100u);
}

// ---- Log-mel

LogMel log_mel(std::map<std::string, Value> given) {
  Options options(std::move(given));
  return LogMel(options, {.seconds = 1, .trim = 40, .mean = {0.3}, .deviation = {0.2}});
}

TEST(LogMel, AnImpulseGivesTheSumsOfTheTriangles) {
  // Rate 1000: frames of 25 samples in transforms of 32, so bins are 31.25 Hz apart. The edges of
  // two bands are 0, 137.77, 302.65 and 500 Hz; over the bins the triangles sum up to
  //   312.50 / 137.77 + 419.50 / 164.88 = 4.8126   and   404.90 / 164.88 + 656.25 / 197.35
  //   = 5.7810,
  // and an impulse has the same power in every bin.
  auto impulse = at::zeros({25});
  impulse[12].fill_(0.7);
  const auto values =
      log_mel({{"rate", std::int64_t{1000}}, {"bands", std::int64_t{2}}}).spectrogram(impulse);
  ASSERT_EQ(values.sizes(), (std::vector<std::int64_t>{2, 1}));
  EXPECT_NEAR(values[0][0].item<double>(), 1 + std::log10(4.8126 / 5.7810) / 8, 1e-5);
  EXPECT_NEAR(values[1][0].item<double>(), 1, 1e-6);
}

/// By numpy, from the formula in the header, in double precision.
const std::vector<std::vector<double>> kFallingChirp = {
    {0.92229, 0.57795, 0.15608, 0.00000, 0.00000, 0.00000, 0.00000, 0.00000},
    {1.00000, 0.92747, 0.72891, 0.29508, 0.00000, 0.00000, 0.00000, 0.00000},
    {0.86125, 0.93936, 0.91649, 0.83051, 0.64326, 0.21620, 0.00000, 0.00000},
    {0.23479, 0.63226, 0.83086, 0.85959, 0.83334, 0.76447, 0.66080, 0.40650},
    {0.00000, 0.00000, 0.10919, 0.50333, 0.72097, 0.75548, 0.74336, 0.70167},
    {0.00000, 0.00000, 0.00000, 0.00000, 0.00000, 0.08220, 0.46657, 0.60911}};

TEST(LogMel, AgreesWithNumpy) {
  std::vector<double> samples(800);
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const auto t = static_cast<double>(i);
    samples[i] =
        0.5 * std::sin(2 * std::numbers::pi * (200 + 1.5 * t) * t / 8000) * std::exp(-t / 200);
  }
  const auto values = log_mel({{"bands", std::int64_t{6}}})
                          .spectrogram(at::tensor(samples, at::kDouble).to(at::kFloat));
  ASSERT_EQ(values.sizes(), (std::vector<std::int64_t>{6, 8}));
  for (std::size_t band = 0; band < 6; ++band)
    for (std::size_t frame = 0; frame < 8; ++frame)
      EXPECT_NEAR(
          values[static_cast<std::int64_t>(band)][static_cast<std::int64_t>(frame)].item<double>(),
          kFallingChirp[band][frame], 2e-3)
          << band << " " << frame;
}

TEST(LogMel, SaysWhatItGives) {
  const auto made = log_mel({{"seconds", 0.5}, {"bands", std::int64_t{20}}});
  const auto input = made.input();
  EXPECT_EQ(input.name, "audio");
  EXPECT_EQ(input.space, "logmel:20:8000");
  EXPECT_THAT(input.shape, ElementsAre(1, 20, 48));
  EXPECT_THAT(input.mean, ElementsAre(0.3));
  const auto features = made.features(sound(tone(440, 0.1), 8000));
  EXPECT_EQ(features.sizes(), input.shape);
  EXPECT_GE(features.min().item<float>(), 0);
  EXPECT_EQ(features.max().item<float>(), 1);
  EXPECT_EQ(features.select(2, 47).max().item<float>(), 0);  // the padding
  EXPECT_NE(made.recipe(), log_mel({{"seconds", 0.6}, {"bands", std::int64_t{20}}}).recipe());
}

TEST(LogMel, NeitherLoudnessNorRateNorSilenceAroundMatters) {
  const auto made = log_mel({{"seconds", 0.3}});
  const auto plain = made.features(sound(tone(440, 0.2), 8000));
  EXPECT_TRUE(at::allclose(made.features(sound(tone(440, 0.2, 8000, 0.05), 8000)), plain, 0, 1e-4));
  auto late = tone(440, 0.2);
  late.insert(late.begin(), 1600, 0.0);
  EXPECT_TRUE(at::allclose(made.features(sound(late, 8000)), plain, 0, 1e-4));
  const auto other = made.features(sound(tone(440, 0.2, 44100), 44100));
  EXPECT_LT((other - plain).slice(2, 3, 15).abs().max().item<float>(), 0.06);
  EXPECT_EQ(made.features(sound(std::vector<double>(500, 0.0), 8000)).max().item<float>(), 0);
}

class SoundFolder : public DataPlace {};

TEST_F(SoundFolder, ReadsManyFilesAndNamesTheOneThatIsDamaged) {
  const auto made = log_mel({{"seconds", 0.1}});
  std::vector<std::string> paths;
  for (int i = 0; i < 20; ++i) {
    const auto name = std::to_string(i) + ".wav";
    write(name, wav(tone(200 + 100 * i, 0.1)));
    paths.push_back((place_ / name).string());
  }
  auto all = at::zeros({20, 1, 40, 8});
  made.load(paths, all);
  for (int i = 0; i < 20; ++i)
    EXPECT_TRUE(
        at::allclose(all[i], made.features(sound(tone(200 + 100 * i, 0.1), 8000)), 0, 2e-2));
  write_text("7.wav", "RIFF");
  EXPECT_THAT(complaint([&] { made.load(paths, all); }), HasSubstr("7.wav, byte 0"));
}

}  // namespace
}  // namespace ktb::run
