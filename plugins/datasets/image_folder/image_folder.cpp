#include <ATen/ops/tensor.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <filesystem>
#include <map>
#include <random>
#include <set>

#include "ktb/files/picture.hpp"
#include "ktb/plugin.hpp"
#include "splits.hpp"

namespace {
using namespace ktb;
using image_folder::folders_in, image_folder::Splits, image_folder::splits_of;
namespace fs = std::filesystem;

constexpr char kGet[] =
    "image_folder reads ROOT/SPLIT/CLASS/*, where the splits are called train, Training, test, "
    "valid, ...,\n"
    "or ROOT/CLASS/* and then splits each class itself; with the option `domain`, ROOT/DOMAIN/... "
    ". "
    "`root` is\n"
    "an absolute path or relative to a data directory (--data-dir, $KTBENCH_DATA)";

struct Picture {
  fs::path path;
  std::int64_t label = 0;
};

/// `.jpg` of `cat.1.JPG`.
std::string ending_of(const fs::path& path) {
  auto ending = path.extension().string();
  std::transform(ending.begin(), ending.end(), ending.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return ending;
}

bool is_picture(const fs::path& path) {
  const auto& known = picture_endings();
  return std::find(known.begin(), known.end(), ending_of(path)) != known.end();
}

/// Files that are in a folder of pictures and are not read, by ending.
class PassedOver {
 public:
  void add(const fs::path& path) {
    const auto ending = ending_of(path);
    add(ending.empty() ? "without an ending" : ending, 1);
  }
  void add(const std::string& kind, std::size_t count) {
    if (count > 0) counts_[kind] += count;
    files_ += count;
  }

  /// `4 files passed over: 3 .tif, 1 .gif`, the most frequent first; empty: there was none.
  std::string text() const {
    std::vector<std::pair<std::size_t, std::string>> ranked;
    for (const auto& [ending, count] : counts_) ranked.emplace_back(count, ending);
    std::stable_sort(ranked.begin(), ranked.end(),
                     [](const auto& a, const auto& b) { return a.first > b.first; });
    std::string text;
    for (const auto& [count, ending] : ranked)
      text += (text.empty() ? "" : ", ") + std::to_string(count) + " " + ending;
    if (text.empty()) return text;
    std::string known;
    for (const auto& ending : picture_endings()) known += (known.empty() ? "" : " ") + ending;
    return std::to_string(files_) + (files_ == 1 ? " file" : " files") + " passed over: " + text +
           "; what is read ends in " + known;
  }

 private:
  std::map<std::string, std::size_t> counts_;
  std::size_t files_ = 0;
};

/// All pictures below one class's folder, by path.
std::vector<fs::path> pictures_below(const fs::path& folder) {
  std::vector<fs::path> found;
  PassedOver others;
  for (const auto& name : content_below(folder.string()).files) {
    if (is_picture(name))
      found.push_back(folder / name);
    else
      others.add(name);
  }
  if (found.empty())
    throw Error(folder.string() + " holds no picture" +
                (others.text().empty() ? "" : " (" + others.text() + ")") + "\n" + kGet);
  return found;
}

class ImageFolder final : public Dataset {
 public:
  explicit ImageFolder(Options& options)
      : root_(
            options.get("root", "", "folder of the pictures, absolute or below a data directory")),
        domain_(options.get("domain", "", "folder below root: one root per domain")),
        pictures_(options, 64, "cut"),
        share_(options.get("share", 0.8,
                           "of a class for training, where there are no split folders",
                           {.least = 0.01, .most = 0.99})),
        split_seed_(options.get("split_seed", 0, "of that split")) {}

  TaskSpec task(const DataFolder& folder) const override {
    TaskSpec spec;
    spec.name = "image_folder";
    spec.kind = "classification";
    spec.inputs = {pictures_.input()};
    spec.classes = classes(folder);
    spec.outputs = static_cast<std::int64_t>(spec.classes.size());
    std::string names;
    for (const auto& name : spec.classes) names += name + "\n";
    spec.labels = "classes:" + digest({names.begin(), names.end()}).substr(7, 12);
    spec.categorical = true;
    spec.train_size = static_cast<std::int64_t>(pictures(folder, "train").size());
    spec.test_size = static_cast<std::int64_t>(pictures(folder, "test").size());
    return spec;
  }

  /// Named relative to the data directory where `root` is: the same wherever the pictures lie.
  std::vector<DataFile> files(const DataFolder& folder) const override {
    const auto base = root(folder);
    std::vector<DataFile> all;
    for (const auto* split : {"train", "test"}) {
      for (const auto& picture : pictures(folder, split)) {
        all.push_back({(wanted() / picture.path.lexically_relative(base)).string(), "", 0});
      }
    }
    return all;
  }

  std::vector<std::string> notes(const DataFolder& folder) const override {
    const auto splits = splits_of(root(folder), kGet);
    auto notes = splits.notes;
    PassedOver files;
    for (const auto& split : std::set{splits.train, splits.test}) {
      const auto content = content_below(split.string());
      for (const fs::path name : content.files) {
        if (!is_picture(name))
          files.add(name);
        else if (!name.has_parent_path())
          files.add("beside the class folders", 1);
      }
      files.add("links that lead nowhere", content.broken.size());
    }
    if (auto text = files.text(); !text.empty()) notes.push_back(std::move(text));
    if (auto text = untested(splits); !text.empty()) notes.push_back(std::move(text));
    return notes;
  }

  std::string get() const override { return kGet; }

  Split load(const DataFolder& folder, const std::string& split) const override {
    std::vector<std::string> paths;
    std::vector<std::int64_t> labels;
    for (const auto& picture : pictures(folder, split)) {
      paths.push_back(picture.path.string());
      labels.push_back(picture.label);
    }
    return {{{"image", pictures_.load(paths)}}, {{"label", at::tensor(labels)}}, {}, {}};
  }

 private:
  fs::path wanted() const { return domain_.empty() ? fs::path(root_) : fs::path(root_) / domain_; }

  fs::path root(const DataFolder& folder) const {
    if (root_.empty()) throw OptionError("root", std::string("root is not set\n") + kGet);
    return folder.require_folder(wanted().string(), kGet);
  }

  std::vector<std::string> classes(const DataFolder& folder) const {
    std::vector<std::string> names;
    for (const auto& path : folders_in(splits_of(root(folder), kGet).train))
      names.push_back(path.filename().string());
    return names;
  }

  std::vector<Picture> pictures(const DataFolder& folder, const std::string& split) const {
    const auto splits = splits_of(root(folder), kGet);
    const auto &train = splits.train, &test = splits.test;
    const auto names = classes(folder);
    const auto& place = split == "train" ? train : test;
    std::vector<Picture> all;
    for (const auto& path : folders_in(place)) {
      const auto name = path.filename().string();
      const auto at = std::lower_bound(names.begin(), names.end(), name);
      if (at == names.end() || *at != name) {
        throw Error(path.string() + " is a class that " + train.string() + " does not have");
      }
      auto files = pictures_below(path);
      if (train == test) files = share_of(files, name, split == "train");
      for (const auto& file : files) all.push_back({file, at - names.begin()});
    }
    return all;
  }

  /// Classes of which there is no test picture.
  static std::string untested(const Splits& splits) {
    std::set<std::string> left;
    for (const auto& path : folders_in(splits.train)) left.insert(path.filename().string());
    for (const auto& path : folders_in(splits.test)) left.erase(path.filename().string());
    std::string names;
    for (const auto& name : left) names += (names.empty() ? "" : ", ") + name;
    return names.empty() ? "" : splits.test.filename().string() + "/ has no folder of " + names;
  }

  /// The training or the test part of one class: a shuffle that only seed and class decide.
  std::vector<fs::path> share_of(const std::vector<fs::path>& files, const std::string& name,
                                 bool train) const {
    std::seed_seq seed(name.begin(), name.end());
    std::vector<std::uint32_t> state(2);
    seed.generate(state.begin(), state.end());
    std::mt19937_64 random((std::uint64_t{state[0]} << 32 | state[1]) ^
                           static_cast<std::uint64_t>(split_seed_));
    std::vector<std::size_t> order(files.size());
    for (std::size_t i = 0; i < order.size(); ++i) {
      order[i] = i;
      std::swap(order[i], order[random() % (i + 1)]);
    }
    const auto wish =
        static_cast<std::size_t>(std::llround(share_ * static_cast<double>(files.size())));
    const auto cut =
        files.size() < 2 ? files.size() : std::clamp<std::size_t>(wish, 1, files.size() - 1);
    std::vector<std::size_t> part(
        train ? order.begin() : order.begin() + static_cast<std::ptrdiff_t>(cut),
        train ? order.begin() + static_cast<std::ptrdiff_t>(cut) : order.end());
    std::sort(part.begin(), part.end());
    std::vector<fs::path> chosen;
    for (const auto i : part) chosen.push_back(files[i]);
    return chosen;
  }

  std::string root_, domain_;
  PictureReader pictures_;
  double share_;
  std::int64_t split_seed_;
};

}  // namespace

KTB_DATASET(ImageFolder, "pictures in one folder a class; one root per domain", "")
