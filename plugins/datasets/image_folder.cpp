#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/_upsample_bilinear2d_aa.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <filesystem>
#include <memory>
#include <random>
#include <set>

#include "ktb/plugin.hpp"

#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_STATIC
#define STBI_ONLY_JPEG
#define STBI_ONLY_PNG
#define STBI_ONLY_BMP
#define STBI_ONLY_PNM
#include <stb/stb_image.h>

namespace {
using namespace ktb;
namespace fs = std::filesystem;

constexpr char kGet[] =
    "image_folder reads ROOT/{train,test|val}/CLASS/*.{png,jpg,jpeg,bmp,ppm,pgm}, or ROOT/CLASS/* "
    "and then\n"
    "splits each class itself; with the option `domain`, ROOT/DOMAIN/... . `root` is an absolute "
    "path or\n"
    "relative to a data directory (--data-dir, $KTBENCH_DATA)";

struct Picture {
  fs::path path;
  std::int64_t label = 0;
};

std::vector<fs::path> sorted_entries(const fs::path& folder, bool folders) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const bool hidden = entry.path().filename().string().starts_with('.');
    if (!hidden && entry.is_directory() == folders) found.push_back(entry.path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

bool is_picture(const fs::path& path) {
  static const std::set<std::string> kKnown = {".png", ".jpg", ".jpeg", ".bmp", ".ppm", ".pgm"};
  auto ending = path.extension().string();
  for (auto& c : ending) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return kKnown.contains(ending) && !path.filename().string().starts_with('.');
}

/// All pictures below one class's folder, by path.
std::vector<fs::path> pictures_below(const fs::path& folder) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file() && is_picture(entry.path())) found.push_back(entry.path());
  }
  std::sort(found.begin(), found.end(),
            [](const auto& a, const auto& b) { return a.native() < b.native(); });
  if (found.empty()) throw Error(folder.string() + " holds no picture\n" + kGet);
  return found;
}

/// RGB on white, from whatever the file holds.
struct Decoded {
  explicit Decoded(const std::string& path) {
    const auto bytes = read_file(path);
    int kept = 0;
    const std::unique_ptr<stbi_uc, void (*)(void*)> rgba(
        stbi_load_from_memory(bytes.data(), static_cast<int>(bytes.size()), &width, &height, &kept,
                              4),
        stbi_image_free);
    if (!rgba) {
      throw Error(path + " cannot be decoded (" + stbi_failure_reason() +
                  "); repair or remove the file");
    }
    const auto n = static_cast<std::size_t>(width) * static_cast<std::size_t>(height);
    rgb.resize(3 * n);
    for (std::size_t i = 0; i < n; ++i) {
      const int alpha = rgba.get()[4 * i + 3];
      for (std::size_t c = 0; c < 3; ++c) {
        const int ink = rgba.get()[4 * i + c] * alpha + 255 * (255 - alpha);
        rgb[3 * i + c] = static_cast<std::uint8_t>((ink + 127) / 255);
      }
    }
  }

  int width = 0, height = 0;
  Bytes rgb;
};

class ImageFolder final : public Dataset {
 public:
  explicit ImageFolder(Options& options)
      : root_(
            options.get("root", "", "folder of the pictures, absolute or below a data directory")),
        domain_(options.get("domain", "", "folder below root: one root per domain")),
        size_(options.get("size", 64,
                          "side in pixels: the shorter side is resized, then the centre cut",
                          {.least = 1, .most = 4096})),
        channels_(options.get("channels", 3, "3: colour, 1: grey", {.least = 1, .most = 3})),
        share_(options.get("share", 0.8,
                           "of a class for training, where there are no split folders",
                           {.least = 0.01, .most = 0.99})),
        split_seed_(options.get("split_seed", 0, "of that split")),
        mean_(options.get("mean", std::vector<double>{0.485, 0.456, 0.406},
                          "per channel, of [0, 1]")),
        deviation_(options.get("deviation", std::vector<double>{0.229, 0.224, 0.225},
                               "per channel, of [0, 1]", {.least = 1e-6})) {
    if (channels_ == 2) throw OptionError("channels", "channels = 2: must be 1 or 3");
    fit(mean_, "mean");
    fit(deviation_, "deviation");
  }

  TaskSpec task(const DataFolder& folder) const override {
    TaskSpec spec;
    spec.name = "image_folder";
    spec.kind = "classification";
    spec.inputs = {
        {"image", {channels_, size_, size_}, channels_ == 1 ? "grey" : "rgb", mean_, deviation_}};
    spec.classes = classes(folder);
    spec.outputs = static_cast<std::int64_t>(spec.classes.size());
    Bytes names;
    for (const auto& name : spec.classes) {
      names.insert(names.end(), name.begin(), name.end());
      names.push_back('\n');
    }
    spec.labels = "classes:" + digest(names).substr(7, 12);
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
    const auto all = pictures(folder, split);
    const auto n = static_cast<std::int64_t>(all.size());
    auto x = at::empty({n, channels_, size_, size_}, at::kByte);
    auto y = at::empty({n}, at::kLong);
    at::parallel_for(0, n, 8, [&](std::int64_t begin, std::int64_t end) {
      for (auto i = begin; i < end; ++i) {
        const auto& picture = all[static_cast<std::size_t>(i)];
        x.select(0, i).copy_(decode(picture.path.string()));
        y.mutable_data_ptr<std::int64_t>()[i] = picture.label;
      }
    });
    return {{{"image", x}}, {{"label", y}}};
  }

 private:
  /// A grey image takes the mean of the colour statistics.
  void fit(std::vector<double>& values, const std::string& name) const {
    if (channels_ == 1 && values.size() == 3) values = {(values[0] + values[1] + values[2]) / 3};
    if (values.size() != static_cast<std::size_t>(channels_)) {
      throw OptionError(name, name + " has " + std::to_string(values.size()) + " entries for " +
                                  std::to_string(channels_) + " channels");
    }
  }

  fs::path wanted() const { return domain_.empty() ? fs::path(root_) : fs::path(root_) / domain_; }

  fs::path root(const DataFolder& folder) const {
    if (root_.empty()) throw OptionError("root", std::string("root is not set\n") + kGet);
    std::string looked;
    for (const auto& place :
         folder.places().empty() ? std::vector<std::string>{"."} : folder.places()) {
      const auto path = fs::path(place) / wanted();
      if (fs::is_directory(path)) return path.lexically_normal();
      looked += "\n  looked for " + path.string();
    }
    throw Error("the folder " + wanted().string() + " is missing" + looked + "\n" + kGet);
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
    for (const auto& path : sorted_entries(train, true)) names.push_back(path.filename().string());
    if (names.empty()) throw Error(train.string() + " holds no class folders\n" + kGet);
    return names;
  }

  std::vector<Picture> pictures(const DataFolder& folder, const std::string& split) const {
    const auto [train, test] = split_folders(root(folder));
    const auto names = classes(folder);
    const auto& place = split == "train" ? train : test;
    std::vector<Picture> all;
    for (const auto& path : sorted_entries(place, true)) {
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

  /// [channels, size, size] uint8.
  Tensor decode(const std::string& path) const {
    Decoded picture(path);
    const auto image =
        at::from_blob(picture.rgb.data(), {1, picture.height, picture.width, 3}, at::kByte);
    auto pixels = image.permute({0, 3, 1, 2}).to(at::kFloat);
    if (channels_ == 1) {
      pixels =
          pixels.select(1, 0) * 0.299 + pixels.select(1, 1) * 0.587 + pixels.select(1, 2) * 0.114;
      pixels = pixels.unsqueeze(1);
    }
    const double scale = static_cast<double>(size_) / std::min(picture.width, picture.height);
    const auto height =
        std::max(size_, static_cast<std::int64_t>(std::llround(picture.height * scale)));
    const auto width =
        std::max(size_, static_cast<std::int64_t>(std::llround(picture.width * scale)));
    if (height != picture.height || width != picture.width) {
      pixels = at::_upsample_bilinear2d_aa(pixels.contiguous(), {height, width}, false,
                                           std::nullopt, std::nullopt);
    }
    const auto cut =
        pixels.narrow(2, (height - size_) / 2, size_).narrow(3, (width - size_) / 2, size_);
    return cut.squeeze(0).round().clamp(0, 255).to(at::kByte);
  }

  std::string root_, domain_;
  std::int64_t size_, channels_;
  double share_;
  std::int64_t split_seed_;
  std::vector<double> mean_, deviation_;
};

}  // namespace

KTB_DATASET(ImageFolder, "pictures in one folder a class; one root per domain", "")
