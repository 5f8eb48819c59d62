#include <ATen/ops/tensor.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <random>

#include "ktb/files/picture.hpp"
#include "ktb/plugin.hpp"

namespace {
using namespace ktb;
namespace fs = std::filesystem;

constexpr char kGet[] =
    "image_folder reads ROOT/{train,test|val}/CLASS/*.{png,jpg,jpeg,webp,bmp,ppm,pgm}, or "
    "ROOT/CLASS/* and then\n"
    "splits each class itself; with the option `domain`, ROOT/DOMAIN/... . `root` is an absolute "
    "path or\n"
    "relative to a data directory (--data-dir, $KTBENCH_DATA)";

struct Picture {
  fs::path path;
  std::int64_t label = 0;
};

std::vector<fs::path> folders_in(const fs::path& folder) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const bool hidden = entry.path().filename().string().starts_with('.');
    if (!hidden && entry.is_directory()) found.push_back(entry.path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

/// All pictures below one class's folder, by path.
std::vector<fs::path> pictures_below(const fs::path& folder) {
  std::vector<fs::path> found;
  for (const auto& name :
       files_below(folder, {".png", ".jpg", ".jpeg", ".webp", ".bmp", ".ppm", ".pgm"}))
    found.push_back(folder / name);
  if (found.empty()) throw Error(folder.string() + " holds no picture\n" + kGet);
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

  /// Folders of the splits; both the root itself where there is no `train`.
  std::pair<fs::path, fs::path> split_folders(const fs::path& root) const {
    if (!fs::is_directory(root / "train")) return {root, root};
    for (const auto* name : {"test", "val"}) {
      if (fs::is_directory(root / name)) return {root / "train", root / name};
    }
    return {root / "train", root / "train"};
  }

  std::vector<std::string> classes(const DataFolder& folder) const {
    const auto train = split_folders(root(folder)).first;
    std::vector<std::string> names;
    for (const auto& path : folders_in(train)) names.push_back(path.filename().string());
    if (names.empty()) throw Error(train.string() + " holds no class folders\n" + kGet);
    return names;
  }

  std::vector<Picture> pictures(const DataFolder& folder, const std::string& split) const {
    const auto [train, test] = split_folders(root(folder));
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
