#include <ATen/Parallel.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/tensor.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <set>

#include "ktb/files/draw.hpp"
#include "ktb/files/font.hpp"
#include "ktb/plugin.hpp"

namespace {
using namespace ktb;

constexpr char kGet[] =
    "glyphs are drawn from fonts of Debian and Ubuntu: scripts/setup --data gets them all.\n"
    "By hand, for aenigma: fonts-aenigma; for text: fonts-freefont-ttf fonts-dejavu-core "
    "fonts-dustin fonts-averia-serif-gwf;\n"
    "for handwriting: fonts-breip fonts-sjfonts fonts-femkeklaver fonts-dkg-handwriting "
    "fonts-rufscript";
constexpr std::int64_t kSide = 28;
/// Of aenigma: it holds symbols under numbers of its own, no letters.
constexpr char kSymbolFont[] = "unrespon.ttf";

/// The folders of each domain, one a package, below fonts/truetype/.
const std::map<std::string, std::vector<std::string>>& domains() {
  static const auto* const all = new std::map<std::string, std::vector<std::string>>{
      {"aenigma", {"aenigma"}},
      {"text", {"averia-gwf", "dejavu", "dustin", "freefont"}},
      {"handwriting", {"breip", "femkeklaver", "fifthhorseman", "rufscript", "sjfonts"}}};
  return *all;
}

std::string range(char first, char last) {
  std::string all;
  for (char c = first; c <= last; ++c) all += c;
  return all;
}

const std::map<std::string, std::string>& characters() {
  static const auto* const all = new std::map<std::string, std::string>{
      {"all", range('0', '9') + range('A', 'Z') + range('a', 'z')},
      {"digits", range('0', '9')},
      {"letters", range('A', 'Z') + range('a', 'z')},
      {"upper", range('A', 'Z')}};
  return *all;
}

/// One font's glyphs of the wanted characters.
struct Font {
  Font() = default;
  Font(const DataFolder& folder, const std::string& file, const std::string& wanted) {
    const auto path = folder.require(file);
    const OutlineFont font(read_file(path), path);
    name = std::filesystem::path(file).stem().string();
    family = font.family().empty() ? name : font.family();
    for (const char c : wanted) glyphs.push_back(font.glyph(static_cast<unsigned char>(c), kSide));
  }

  std::string name, family;
  std::vector<Tensor> glyphs;  ///< undefined where the font draws none
};

/// Of equal pictures only the first stays: fonts without small letters draw capitals for them, and
/// what a test font shares with a training font would not be unseen.
void drop_duplicates(std::vector<Font>& fonts) {
  std::set<std::string> seen;
  for (auto& font : fonts) {
    for (auto& glyph : font.glyphs) {
      if (!glyph.defined()) continue;
      const auto* pixels = reinterpret_cast<const char*>(glyph.const_data_ptr<std::uint8_t>());
      if (!seen.emplace(pixels, static_cast<std::size_t>(glyph.numel())).second) glyph = Tensor();
    }
  }
}

std::set<std::string> training_share(const std::set<std::string>& names, double share) {
  const auto count = static_cast<std::int64_t>(names.size());
  const auto wish = std::llround(share * static_cast<double>(count));
  return drawn(names, std::clamp<std::int64_t>(wish, 1, std::max<std::int64_t>(1, count - 1)));
}

/// Examples as they are found.
struct Part {
  void add(const Tensor& image, std::size_t label) {
    images.push_back(image.unsqueeze(0));
    labels.push_back(static_cast<std::int64_t>(label));
  }
  Split split() const {
    return {{{"image", at::cat(images)}}, {{"label", at::tensor(labels)}}, {}, {}};
  }

  std::vector<Tensor> images;
  std::vector<std::int64_t> labels;
};

struct Parts {
  std::vector<std::string> classes;
  Part train, test;
};

class Glyphs final : public Dataset {
 public:
  explicit Glyphs(Options& options)
      : domain_(options.get("fonts", "aenigma",
                            "aenigma: 464 display fonts, text: 44 for books and screens, "
                            "handwriting: 10",
                            {"aenigma", "text", "handwriting"})),
        set_(options.get("characters", "all", "all: 62, digits, letters: 52, upper: A to Z",
                         {"all", "digits", "letters", "upper"})),
        task_(options.get("task", "character",
                          "character: which it is, tested on other fonts; font: which of the "
                          "training fonts drew it, tested on other characters",
                          {"character", "font"})),
        share_(options.get("share", 0.9, "of font families, and of characters, for training",
                           {.least = 0.01, .most = 0.99})) {}

  TaskSpec task(const DataFolder& folder) const override {
    const auto& all = parts(folder);
    TaskSpec spec;
    spec.name = "glyphs";
    spec.kind = "classification";
    spec.inputs = {{"image", {1, kSide, kSide}, "grey", {0.1787}, {0.3488}, 0}};
    spec.classes = all.classes;
    spec.outputs = static_cast<std::int64_t>(all.classes.size());
    spec.labels = task_ == "font" ? "fonts:" + domain_ : "characters:" + set_;
    spec.categorical = true;
    spec.train_size = static_cast<std::int64_t>(all.train.labels.size());
    spec.test_size = static_cast<std::int64_t>(all.test.labels.size());
    return spec;
  }

  std::vector<DataFile> files(const DataFolder& folder) const override {
    std::vector<DataFile> all;
    for (const auto& package : domains().at(domain_)) {
      const auto below = "fonts/truetype/" + package;
      for (const auto& name : files_below(folder.require_folder(below, kGet), {".ttf"}))
        if (name != kSymbolFont) all.push_back({below + "/" + name, "", 0});
    }
    return all;
  }

  std::string get() const override { return kGet; }
  std::vector<std::string> usual_places() const override { return {"/usr/share"}; }

  Split load(const DataFolder& folder, const std::string& split) const override {
    return (split == "train" ? parts(folder).train : parts(folder).test).split();
  }

 private:
  /// Drawn once, since task() and both splits need them all.
  const Parts& parts(const DataFolder& folder) const {
    if (places_ == folder.places()) return parts_;
    parts_ = task_ == "font" ? by_font(fonts(folder)) : by_character(fonts(folder));
    places_ = folder.places();
    return parts_;
  }

  std::vector<Font> fonts(const DataFolder& folder) const {
    const auto names = files(folder);
    std::vector<Font> all(names.size());
    at::parallel_for(0, static_cast<std::int64_t>(all.size()), 4, [&](auto begin, auto end) {
      for (auto i = static_cast<std::size_t>(begin); i < static_cast<std::size_t>(end); ++i)
        all[i] = Font(folder, names[i].name, characters().at(set_));
    });
    drop_duplicates(all);
    return all;
  }

  std::set<std::string> training_families(const std::vector<Font>& fonts) const {
    std::set<std::string> families;
    for (const auto& font : fonts) families.insert(font.family);
    return training_share(families, share_);
  }

  /// Faces of one family are alike, so they are never on both sides.
  Parts by_character(const std::vector<Font>& fonts) const {
    const auto training = training_families(fonts);
    Parts parts;
    for (const char c : characters().at(set_)) parts.classes.emplace_back(1, c);
    for (const auto& font : fonts) {
      auto& part = training.contains(font.family) ? parts.train : parts.test;
      for (std::size_t c = 0; c < font.glyphs.size(); ++c)
        if (font.glyphs[c].defined()) part.add(font.glyphs[c], c);
    }
    return parts;
  }

  /// Without the fonts that the other task is tested on.
  Parts by_font(const std::vector<Font>& fonts) const {
    const auto training = training_families(fonts);
    std::set<std::string> names;
    for (const char c : characters().at(set_)) names.emplace(1, c);
    const auto shown = training_share(names, share_);
    Parts parts;
    for (const auto& font : fonts) {
      if (!training.contains(font.family)) continue;
      for (std::size_t c = 0; c < font.glyphs.size(); ++c) {
        if (!font.glyphs[c].defined()) continue;
        auto& part = shown.contains({characters().at(set_)[c]}) ? parts.train : parts.test;
        part.add(font.glyphs[c], parts.classes.size());
      }
      parts.classes.push_back(font.name);
    }
    return parts;
  }

  std::string domain_, set_, task_;
  double share_;
  mutable std::vector<std::string> places_;  ///< where parts_ comes from
  mutable Parts parts_;
};

}  // namespace

KTB_DATASET(Glyphs, "letters and digits drawn from fonts, 28x28; three domains of fonts", "")
