#include <ATen/ops/tensor.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "ktb/files/audio.hpp"
#include "ktb/files/cache.hpp"
#include "ktb/files/delimited.hpp"
#include "ktb/files/layout.hpp"
#include "ktb/files/picture.hpp"
#include "ktb/plugin.hpp"
#include "ktb/text/text_reader.hpp"

namespace {
using namespace ktb;
namespace fs = std::filesystem;

constexpr char kFolder[] = "tuxpaint/stamps";  // below a place
constexpr char kGet[] =
    "Tux Paint's stamps: scripts/setup --data, or apt-get install tuxpaint-stamps-default\n"
    "Elsewhere: put the folder `stamps` of the package tuxpaint-stamps (tuxpaint.org) into "
    "tuxpaint/ below a data\n"
    "directory";

/// One thing that is drawn, named and spoken of.
struct Stamp {
  std::string stem;     ///< of its files, below the folder of the stamps
  std::string caption;  ///< English
  bool picture = false;
  std::map<std::string, std::string> speech;  ///< files of the spoken caption, by language

  std::string topic() const { return stem.substr(0, stem.find('/')); }
  bool is_letter() const { return stem.starts_with("symbols/alphabets/"); }
};

/// The language of a spoken caption: of `fox_desc_fr.ogg` fr, of `fox_desc.ogg` en; empty: another
/// file. Cuts `name` down to the stem.
std::string speech_language(std::string& name) {
  constexpr std::string_view kMark = "_desc";
  const auto at = name.rfind(kMark);
  if (at == std::string::npos || !(name.ends_with(".ogg") || name.ends_with(".wav"))) return "";
  const auto language = name.substr(at + kMark.size(), name.size() - 4 - at - kMark.size());
  if (!language.empty() && (language[0] != '_' || language.find('.') != std::string::npos))
    return "";
  name.resize(at);
  return language.empty() ? "en" : language.substr(1);
}

/// The first line: captions in other languages follow, each behind its language.
std::string english_caption(const std::string& path) {
  const auto text = text_of(read_file(path), path);
  auto line = text.substr(0, text.find('\n'));
  while (!line.empty() && std::isspace(static_cast<unsigned char>(line.back())) != 0)
    line.pop_back();
  if (line.empty() || line.find(".utf8=") != std::string::npos)
    throw Error(path + ", line 1: expected the caption in English, found `" + line + "`\n" + kGet);
  return line;
}

/// All stamps with a caption, in the order of their names.
std::vector<Stamp> read_stamps(const fs::path& root) {
  std::map<std::string, Stamp> found;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    if (!entry.is_regular_file()) continue;
    auto name = entry.path().lexically_relative(root).string();
    const auto file = name;
    if (const auto language = speech_language(name); !language.empty()) {
      found[name].speech[language] = file;
    } else if (name.ends_with(".png") || name.ends_with(".txt")) {
      auto& stamp = found[name.substr(0, name.size() - 4)];
      if (name.ends_with(".png"))
        stamp.picture = true;
      else
        stamp.caption = english_caption(entry.path().string());
    }
  }
  std::vector<Stamp> stamps;
  for (auto& [stem, stamp] : found) {
    stamp.stem = stem;
    if (!stamp.caption.empty()) stamps.push_back(std::move(stamp));
  }
  return stamps;
}

/// Pictures of one caption stay together; no option changes the split, so whatever was learned of
/// some inputs was learned without the others' test examples.
bool is_test(const Stamp& stamp) {
  const auto hex = digest({stamp.caption.begin(), stamp.caption.end()}).substr(7, 8);
  return std::stoul(hex, nullptr, 16) % 4 == 0;
}

struct Example {
  const Stamp* stamp = nullptr;
  std::int64_t label = 0;
  std::string sound;  ///< file of the spoken caption
};

class TuxPaint final : public Dataset {
 public:
  explicit TuxPaint(Options& options)
      : task_(options.get("task", "retrieval",
                          "retrieval: which belong together; topic: the folder of a stamp; "
                          "language: that of a spoken caption",
                          {"retrieval", "topic", "language"})),
        inputs_(options.get("inputs", std::vector<std::string>{},
                            "of image, text and audio (the spoken caption); empty: image and text "
                            "for retrieval, image for topic, audio for language")),
        language_(options.get("language", "fr", "of the spoken captions")),
        languages_(options.get(
            "languages",
            std::vector<std::string>{"be", "bg", "ca", "da", "el", "es", "fr", "ro", "ru"},
            "the classes of the task `language`")),
        letters_(options.get("letters", false, "the signs of alphabets, too")),
        least_(options.get("least", 30, "pictures that a topic has, or is left out", {.least = 1})),
        width_(options.get("width", 128, "of the space where both sides meet", {.least = 1})),
        pictures_(options, 64, "pad"),
        text_(options, "tuxpaint", 16, 1000),
        sound_(options, {.seconds = 2, .trim = 40, .mean = {0.32}, .deviation = {0.30}}) {
    if (inputs_.empty()) inputs_ = usual_inputs();
    for (const auto& input : inputs_)
      if (input != "image" && input != "text" && input != "audio")
        throw OptionError("inputs", "inputs has `" + input + "`; known: image, text, audio");
    if (task_ == "retrieval" && std::set(inputs_.begin(), inputs_.end()).size() != 2)
      throw OptionError("inputs", "retrieval takes two different inputs");
    if (task_ == "language" && inputs_ != std::vector<std::string>{"audio"})
      throw OptionError("inputs", "the task `language` has no input but audio");
  }

  TaskSpec task(const DataFolder& folder) const override {
    const auto stamps = read_stamps(root(folder));
    TaskSpec spec;
    spec.name = "tuxpaint";
    if (has("image")) spec.inputs.push_back(pictures_.input());
    if (has("text")) spec.inputs.push_back(text_.tokens());
    if (has("audio")) spec.inputs.push_back(sound_.input());
    if (task_ == "retrieval") {
      spec.kind = "retrieval";
      spec.outputs = width_;
      spec.labels = "tuxpaint:captions";
    } else {
      spec.kind = "classification";
      spec.classes = task_ == "topic" ? topics(stamps) : languages_;
      spec.outputs = static_cast<std::int64_t>(spec.classes.size());
      spec.categorical = true;
      spec.labels = "tuxpaint:" + task_;
      for (const auto& name : spec.classes) spec.labels += ":" + name;
    }
    spec.train_size = static_cast<std::int64_t>(examples(stamps, "train").size());
    spec.test_size = static_cast<std::int64_t>(examples(stamps, "test").size());
    return spec;
  }

  std::vector<DataFile> files(const DataFolder& folder) const override {
    const auto base = root(folder);
    const auto stamps = read_stamps(base);
    std::set<std::string> names;
    for (const auto* split : {"train", "test"}) {
      for (const auto& example : examples(stamps, split)) {
        if (has("image")) names.insert(example.stamp->stem + ".png");
        if (has("audio")) names.insert(example.sound);
      }
    }
    for (const auto& stamp : stamps) names.insert(stamp.stem + ".txt");
    std::vector<DataFile> all;
    for (const auto& name : names) all.push_back({std::string(kFolder) + "/" + name, "", 0});
    if (has("text"))
      for (const auto& file : text_.files()) all.push_back(file);
    return all;
  }

  std::string get() const override { return kGet; }
  std::vector<std::string> usual_places() const override { return {"/usr/share"}; }

  Split load(const DataFolder& folder, const std::string& split) const override {
    const auto base = root(folder);
    const auto stamps = read_stamps(base);
    const auto chosen = examples(stamps, split);
    Split out;
    if (has("image")) out.x["image"] = pictures_.load(paths(base, chosen, ".png"));
    if (has("text")) out.x["tokens"] = captions(folder, stamps, chosen);
    if (has("audio")) out.x["audio"] = speech(base, chosen, split);
    std::vector<std::int64_t> labels;
    for (const auto& example : chosen) labels.push_back(example.label);
    out.y[task_ == "retrieval" ? "entry" : "label"] = at::tensor(labels, at::kLong);
    return out;
  }

 private:
  std::vector<std::string> usual_inputs() const {
    if (task_ == "retrieval") return {"image", "text"};
    return {task_ == "topic" ? "image" : "audio"};
  }

  bool has(const std::string& input) const {
    return std::find(inputs_.begin(), inputs_.end(), input) != inputs_.end();
  }

  static fs::path root(const DataFolder& folder) {
    return require_folder(folder, {kFolder}, kGet).path;
  }

  /// Folders with enough pictures, whatever the inputs are.
  std::vector<std::string> topics(const std::vector<Stamp>& stamps) const {
    std::map<std::string, std::int64_t> counts;
    for (const auto& stamp : stamps)
      if (stamp.picture && (letters_ || !stamp.is_letter())) ++counts[stamp.topic()];
    std::vector<std::string> names;
    for (const auto& [topic, count] : counts)
      if (count >= least_) names.push_back(topic);
    return names;
  }

  std::vector<Example> examples(const std::vector<Stamp>& stamps, const std::string& split) const {
    std::vector<Example> all;
    const auto names = topics(stamps);
    std::map<std::string, std::int64_t> entries;
    for (const auto& stamp : stamps) {
      if (is_test(stamp) != (split == "test") || (stamp.is_letter() && !letters_)) continue;
      if (task_ == "language") {
        add_languages(stamp, all);
        continue;
      }
      const auto sound = stamp.speech.find(language_);
      if ((has("image") && !stamp.picture) || (has("audio") && sound == stamp.speech.end()))
        continue;
      Example example{&stamp, 0, has("audio") ? sound->second : ""};
      if (task_ == "retrieval") {
        const auto next = static_cast<std::int64_t>(entries.size());
        example.label = entries.emplace(stamp.caption, next).first->second;
      } else {
        const auto topic = std::find(names.begin(), names.end(), stamp.topic());
        if (topic == names.end()) continue;
        example.label = topic - names.begin();
      }
      all.push_back(std::move(example));
    }
    if (all.empty()) refuse_empty(stamps, split);
    return all;
  }

  void add_languages(const Stamp& stamp, std::vector<Example>& all) const {
    for (std::size_t i = 0; i < languages_.size(); ++i) {
      const auto sound = stamp.speech.find(languages_[i]);
      if (sound != stamp.speech.end())
        all.push_back({&stamp, static_cast<std::int64_t>(i), sound->second});
    }
  }

  [[noreturn]] void refuse_empty(const std::vector<Stamp>& stamps, const std::string& split) const {
    std::map<std::string, int> spoken;
    for (const auto& stamp : stamps)
      for (const auto& [language, file] : stamp.speech) ++spoken[language];
    std::string known;
    for (const auto& [language, count] : spoken)
      known += (known.empty() ? "" : ", ") + language + " (" + std::to_string(count) + ")";
    throw Error("tuxpaint: of " + std::to_string(stamps.size()) +
                " stamps with a caption none has all inputs for the " + split +
                " split; spoken captions are there in: " + (known.empty() ? "none" : known) + "\n" +
                kGet);
  }

  static std::vector<std::string> paths(const fs::path& base, const std::vector<Example>& examples,
                                        const std::string& ending) {
    std::vector<std::string> all;
    for (const auto& example : examples)
      all.push_back(
          (base / (ending.empty() ? example.sound : example.stamp->stem + ending)).string());
    return all;
  }

  /// The vocabulary is that of all training captions, so that ids mean the same for every task.
  Tensor captions(const DataFolder& folder, const std::vector<Stamp>& stamps,
                  const std::vector<Example>& chosen) const {
    const auto tokeniser = text_.tokeniser(folder, [&] {
      std::vector<std::string> corpus;
      for (const auto& stamp : stamps)
        if (!is_test(stamp)) corpus.push_back(stamp.caption);
      return corpus;
    });
    std::vector<std::string> texts;
    for (const auto& example : chosen) texts.push_back(example.stamp->caption);
    return text_.read(*tokeniser, texts);
  }

  Tensor speech(const fs::path& base, const std::vector<Example>& chosen,
                const std::string& split) const {
    const auto files = paths(base, chosen, "");
    CacheKey key;
    key.text(sound_.recipe());
    for (const auto& file : files) key.bytes(read_file(file));
    auto shape = sound_.input().shape;
    shape.insert(shape.begin(), static_cast<std::int64_t>(files.size()));
    const auto name = "tuxpaint-" + (task_ == "language" ? "languages" : language_) + "-" + split;
    return cached(cache_folder(base.string()), name, key.hex(), shape, at::kFloat,
                  [&](Tensor& all) { sound_.load(files, all); });
  }

  std::string task_;
  std::vector<std::string> inputs_;
  std::string language_;
  std::vector<std::string> languages_;
  bool letters_;
  std::int64_t least_, width_;
  PictureReader pictures_;
  TextReader text_;
  LogMel sound_;
};

}  // namespace

KTB_DATASET(TuxPaint,
            "Tux Paint's stamps: pictures, English captions, captions spoken in nine languages",
            "tuxpaint.org, GPL-2")
