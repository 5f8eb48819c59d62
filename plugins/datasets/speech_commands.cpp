#include <ATen/ops/tensor.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <set>

#include "ktb/files/audio.hpp"
#include "ktb/files/cache.hpp"
#include "ktb/files/delimited.hpp"
#include "ktb/files/layout.hpp"
#include "ktb/plugin.hpp"

namespace {
using namespace ktb;
namespace fs = std::filesystem;

constexpr char kGet[] =
    "Speech Commands v0.02: unpack speech_commands_v0.02.tar.gz\n"
    "(storage.googleapis.com/download.tensorflow.org/data/, 2.4 GB, sha256 "
    "af14739ee7dc311471de98f5f9d2c9191b18aedfe957f4a6ff791c709868ff58)\n"
    "into speech_commands_v0.02/ below a data directory (--data-dir, $KTBENCH_DATA)";
const std::vector<std::string> kFolders = {
    "speech_commands_v0.02", "SpeechCommands/speech_commands_v0.02", "speech_commands"};
constexpr char kNoise[] = "_background_noise_";

/// What the official set has.
const std::vector<std::string> kWords = {
    "backward", "bed",  "bird", "cat",   "dog",    "down",  "eight",  "five",   "follow",
    "forward",  "four", "go",   "happy", "house",  "learn", "left",   "marvin", "nine",
    "no",       "off",  "on",   "one",   "right",  "seven", "sheila", "six",    "stop",
    "three",    "tree", "two",  "up",    "visual", "wow",   "yes",    "zero"};
constexpr std::int64_t kTrain = 84843, kValidation = 9981, kTest = 11005;

const std::vector<std::string> kCommands = {"yes",   "no", "up",  "down", "left",
                                            "right", "on", "off", "stop", "go"};

enum class Part { kTrain, kValidation, kTest };

struct Clip {
  std::string name;  ///< below the folder of the set: bed/00176480_nohash_0.wav
  std::string word() const { return name.substr(0, name.find('/')); }
};

/// Clips of one part with their classes; of silence, some seconds of noise.
struct Chosen {
  std::vector<std::string> names;
  std::vector<std::int64_t> labels;
  std::int64_t silence = 0;  ///< as many more, of the last class
};

std::vector<std::string> sorted_entries(const fs::path& folder, bool folders,
                                        const std::string& ending) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const auto name = entry.path().filename().string();
    if (entry.is_directory() == folders && name.ends_with(ending)) names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

class SpeechCommands final : public Dataset {
 public:
  explicit SpeechCommands(Options& options)
      : commands_(options.get("labels", "words",
                              "words: each its own class; commands: ten of them, the others as "
                              "`unknown`, and `silence`",
                              {"words", "commands"}) == "commands"),
        validation_(options.get("validation", false,
                                "whether the official validation clips are for training, too")),
        verify_(options.get("verify", true, "the set must have the official words and counts")),
        sound_(options, {.seconds = 1, .trim = 0, .rate = 16000}) {}

  TaskSpec task(const DataFolder& folder) const override {
    TaskSpec spec;
    spec.name = "speech_commands";
    spec.kind = "classification";
    spec.inputs = {sound_.input()};
    spec.classes = classes(folder);
    spec.outputs = static_cast<std::int64_t>(spec.classes.size());
    spec.categorical = true;
    spec.labels = "speech_commands:" + std::to_string(spec.outputs);
    if (verify_ && !commands_) {
      spec.train_size = kTrain + (validation_ ? kValidation : 0);
      spec.test_size = kTest;
    } else {
      const auto parts = read_parts(folder);
      spec.train_size = size(choose(folder, parts, "train"));
      spec.test_size = size(choose(folder, parts, "test"));
    }
    return spec;
  }

  /// The official set is known by its lists and counts; of another, every clip counts.
  std::vector<DataFile> files(const DataFolder& folder) const override {
    const auto base = base_of(folder);
    std::vector<DataFile> all;
    for (const auto* list : {"testing_list.txt", "validation_list.txt"})
      all.push_back({base + "/" + list, "", 0});
    if (verify_) return all;
    for (const auto& [part, clips] : read_parts(folder))
      for (const auto& clip : clips) all.push_back({base + "/" + clip.name, "", 0});
    if (commands_)
      for (const auto& name : sorted_entries(root(folder) / kNoise, false, ".wav"))
        all.push_back({base + "/" + kNoise + "/" + name, "", 0});
    return all;
  }

  std::string get() const override { return kGet; }

  Split load(const DataFolder& folder, const std::string& split) const override {
    const auto chosen = choose(folder, read_parts(folder), split);
    const auto base = root(folder);
    std::vector<std::string> paths, noise;
    for (const auto& name : chosen.names) paths.push_back((base / name).string());
    if (chosen.silence > 0)
      for (const auto& name : sorted_entries(base / kNoise, false, ".wav"))
        noise.push_back((base / kNoise / name).string());

    CacheKey key;
    key.text(sound_.recipe() + " silence " + std::to_string(chosen.silence));
    for (const auto& path : paths) key.file(path);
    for (const auto& path : noise) key.file(path);
    auto shape = sound_.input().shape;
    shape.insert(shape.begin(), size(chosen));
    const auto fill = [&](Tensor& all) {
      auto spoken = all.narrow(0, 0, static_cast<std::int64_t>(paths.size()));
      sound_.load(paths, spoken);
      fill_silence(noise, split, all.narrow(0, spoken.size(0), chosen.silence));
    };
    const auto audio = cached(cache_folder(base.string()), "speech_commands-" + split, key.hex(),
                              shape, at::kFloat, fill);
    auto labels = chosen.labels;
    labels.resize(labels.size() + static_cast<std::size_t>(chosen.silence),
                  static_cast<std::int64_t>(kCommands.size()) + 1);
    return {{{"audio", audio}}, {{"label", at::tensor(labels, at::kLong)}}};
  }

 private:
  static std::int64_t size(const Chosen& chosen) {
    return static_cast<std::int64_t>(chosen.names.size()) + chosen.silence;
  }

  fs::path root(const DataFolder& folder) const {
    return require_folder(folder, kFolders, kGet).path;
  }

  /// Below a data directory; the first that could be where none is.
  std::string base_of(const DataFolder& folder) const {
    const auto found = find_folder(folder, kFolders);
    return found ? found->name : kFolders.front();
  }

  std::vector<std::string> words(const DataFolder& folder) const {
    if (verify_) return kWords;
    auto names = sorted_entries(root(folder), true, "");
    std::erase_if(names, [](const std::string& name) { return name[0] == '_' || name[0] == '.'; });
    return names;
  }

  std::vector<std::string> classes(const DataFolder& folder) const {
    if (!commands_) return words(folder);
    auto names = kCommands;
    names.insert(names.end(), {"unknown", "silence"});
    return names;
  }

  /// What a list names, each with its line.
  static std::map<std::string, std::int64_t> read_list(const std::string& path) {
    std::map<std::string, std::int64_t> lines;
    for (const auto& row : read_tsv(read_file(path), path, 1)) {
      const auto& name = row.fields[0];
      const auto place = path + ", line " + std::to_string(row.line) + ": ";
      if (name.find('/') == std::string::npos || !name.ends_with(".wav"))
        throw Error(place + "expected WORD/CLIP.wav, found `" + name + "`\n" + kGet);
      if (!lines.emplace(name, row.line).second)
        throw Error(place + name + " stands there twice\n" + kGet);
    }
    return lines;
  }

  std::map<Part, std::vector<Clip>> read_parts(const DataFolder& folder) const {
    const auto base = root(folder);
    const auto test_path = (base / "testing_list.txt").string(),
               validation_path = (base / "validation_list.txt").string();
    auto test = read_list(test_path), validation = read_list(validation_path);
    std::map<Part, std::vector<Clip>> parts;
    for (const auto& word : words(folder)) {
      if (!fs::is_directory(base / word))
        throw Error("the word `" + word + "` is missing in " + base.string() + "\n" + kGet);
      for (const auto& file : sorted_entries(base / word, false, ".wav")) {
        const auto name = word + "/" + file;
        const bool in_test = test.erase(name) > 0, in_validation = validation.erase(name) > 0;
        if (in_test && in_validation)
          throw Error(name + " is in both " + test_path + " and " + validation_path + "\n" + kGet);
        parts[in_test         ? Part::kTest
              : in_validation ? Part::kValidation
                              : Part::kTrain]
            .push_back({name});
      }
    }
    demand_empty(test, test_path);
    demand_empty(validation, validation_path);
    if (verify_) demand_official(parts, base.string());
    return parts;
  }

  static void demand_empty(const std::map<std::string, std::int64_t>& left,
                           const std::string& path) {
    if (left.empty()) return;
    const auto& [name, line] = *left.begin();
    throw Error(path + ", line " + std::to_string(line) + ": there is no clip " + name + "\n" +
                kGet);
  }

  static void demand_official(std::map<Part, std::vector<Clip>>& parts, const std::string& path) {
    const std::pair<Part, std::int64_t> official[] = {
        {Part::kTrain, kTrain}, {Part::kValidation, kValidation}, {Part::kTest, kTest}};
    for (const auto& [part, count] : official) {
      const auto found = static_cast<std::int64_t>(parts[part].size());
      if (found != count)
        throw Error(path + " is not the official set: expected " + std::to_string(kTrain) + ", " +
                    std::to_string(kValidation) + " and " + std::to_string(kTest) +
                    " clips for training, validation and test; found " + std::to_string(found) +
                    " instead of " + std::to_string(count) +
                    "; verify = false takes what is there\n" + kGet);
    }
  }

  Chosen choose(const DataFolder& folder, std::map<Part, std::vector<Clip>> parts,
                const std::string& split) const {
    auto clips = parts[split == "test" ? Part::kTest : Part::kTrain];
    if (split == "train" && validation_)
      clips.insert(clips.end(), parts[Part::kValidation].begin(), parts[Part::kValidation].end());
    if (clips.empty()) throw Error("speech_commands has no clip for " + split + "\n" + kGet);
    return commands_ ? choose_commands(clips) : choose_words(clips, words(folder));
  }

  static Chosen choose_words(const std::vector<Clip>& clips,
                             const std::vector<std::string>& names) {
    Chosen chosen;
    for (const auto& clip : clips) {
      chosen.names.push_back(clip.name);
      const auto word = std::find(names.begin(), names.end(), clip.word());
      chosen.labels.push_back(word - names.begin());
    }
    return chosen;
  }

  /// Unknown words and silence come as often as a command does on average; the unknown ones are
  /// evenly spaced in the order of their names, so that every word has its share.
  static Chosen choose_commands(const std::vector<Clip>& clips) {
    Chosen chosen;
    std::vector<std::string> others;
    for (const auto& clip : clips) {
      const auto command = std::find(kCommands.begin(), kCommands.end(), clip.word());
      if (command == kCommands.end()) {
        others.push_back(clip.name);
      } else {
        chosen.names.push_back(clip.name);
        chosen.labels.push_back(command - kCommands.begin());
      }
    }
    const auto share = (chosen.names.size() + kCommands.size() - 1) / kCommands.size();
    const auto unknown = std::min(share, others.size());
    for (std::size_t i = 0; i < unknown; ++i) {
      chosen.names.push_back(others[i * others.size() / unknown]);
      chosen.labels.push_back(static_cast<std::int64_t>(kCommands.size()));
    }
    chosen.silence = static_cast<std::int64_t>(share);
    return chosen;
  }

  /// Pieces of the noise files, evenly spaced: training's from their first three quarters, the
  /// test's from their last fifth.
  void fill_silence(const std::vector<std::string>& paths, const std::string& split,
                    const Tensor& out) const {
    if (out.size(0) == 0) return;
    if (paths.empty())
      throw Error(std::string("the folder ") + kNoise + " holds no .wav file\n" + kGet);
    const auto count = static_cast<std::size_t>(out.size(0));
    for (std::size_t file = 0; file < paths.size(); ++file) {
      const auto noise = decode_sound(read_file(paths[file]), paths[file]);
      const auto first = count * file / paths.size(), last = count * (file + 1) / paths.size();
      for (auto i = first; i < last; ++i) {
        const double part = (static_cast<double>(i - first)) / static_cast<double>(last - first);
        out.select(0, static_cast<std::int64_t>(i))
            .copy_(
                sound_.features(piece(noise, split == "train" ? 0.75 * part : 0.8 + 0.2 * part)));
      }
    }
  }

  /// A second that starts so far into what can start one.
  static Sound piece(const Sound& noise, double part) {
    const auto length = static_cast<std::size_t>(noise.rate);
    if (noise.samples.size() <= length) return noise;
    const auto start =
        static_cast<std::ptrdiff_t>(part * static_cast<double>(noise.samples.size() - length));
    return {{noise.samples.begin() + start,
             noise.samples.begin() + start + static_cast<std::ptrdiff_t>(length)},
            noise.rate};
  }

  bool commands_, validation_, verify_;
  LogMel sound_;
};

}  // namespace

KTB_DATASET(SpeechCommands, "105,829 spoken words, 35 classes or ten commands",
            "Warden, arXiv 1804.03209")
