#include <ATen/ops/empty.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "ktb/plugin.hpp"

namespace {
using namespace ktb;

constexpr char kGet[] =
    "Fashion-MNIST on Debian and Ubuntu: apt-get install dataset-fashion-mnist\n"
    "Elsewhere: put the four idx files, packed (.gz) or not, into fashion-mnist/ below a data "
    "directory;\n"
    "they are at github.com/zalandoresearch/fashion-mnist";
constexpr std::int64_t kSide = 28;

/// The official files of one split.
struct Part {
  const char *split, *images, *labels;
  std::int64_t count;
  const char *images_digest, *labels_digest;
};
constexpr std::array<Part, 2> kParts = {{
    {"train", "train-images-idx3-ubyte", "train-labels-idx1-ubyte", 60000,
     "sha256:c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
     "sha256:bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9"},
    {"test", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte", 10000,
     "sha256:5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
     "sha256:0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"},
}};

/// One array of the idx format: four bytes of type and rank, the extents (big-endian), the data.
struct Idx {
  Idx(Bytes content, const std::string& name, std::size_t rank) : bytes(std::move(content)) {
    const std::array<std::uint8_t, 4> magic = {0, 0, 8, static_cast<std::uint8_t>(rank)};
    start = 4 + 4 * rank;
    if (bytes.size() < start || !std::equal(magic.begin(), magic.end(), bytes.begin())) {
      throw Error(name + " is not an idx file of unsigned bytes with " + std::to_string(rank) +
                  " axes: its first four bytes should be 0 0 8 " + std::to_string(rank) + "\n" +
                  kGet);
    }
    std::size_t expected = 1;
    for (std::size_t at = 4; at < start; at += 4) {
      extents.push_back(std::int64_t{bytes[at]} << 24 | bytes[at + 1] << 16 | bytes[at + 2] << 8 |
                        bytes[at + 3]);
      expected *= static_cast<std::size_t>(extents.back());
    }
    if (bytes.size() - start != expected) {
      throw Error(name + " is cut off or too long: its header promises " +
                  std::to_string(expected) + " bytes of data, there are " +
                  std::to_string(bytes.size() - start) + "\n" + kGet);
    }
  }
  const std::uint8_t* data() const { return bytes.data() + start; }

  Bytes bytes;
  std::size_t start = 0;
  std::vector<std::int64_t> extents;
};

class FashionMnist final : public Dataset {
 public:
  explicit FashionMnist(Options& options)
      : verify_(options.get("verify", true, "the files must be the official ones")) {}

  TaskSpec task(const DataFolder& folder) const override {
    TaskSpec spec;
    spec.name = spec.labels = "fashion_mnist";
    spec.kind = "classification";
    spec.inputs = {{"image", {1, kSide, kSide}, "grey", {0.2860}, {0.3530}}};
    spec.classes = {"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
                    "Sandal",      "Shirt",   "Sneaker",  "Bag",   "Ankle boot"};
    spec.outputs = static_cast<std::int64_t>(spec.classes.size());
    spec.categorical = true;
    spec.train_size = count(folder, kParts[0]);
    spec.test_size = count(folder, kParts[1]);
    return spec;
  }

  std::vector<DataFile> files(const DataFolder& folder) const override {
    std::vector<DataFile> all;
    for (const auto& part : kParts) {
      all.push_back(file(folder, part.images, part.images_digest, 16 + part.count * kSide * kSide));
      all.push_back(file(folder, part.labels, part.labels_digest, 8 + part.count));
    }
    return all;
  }

  std::string get() const override { return kGet; }
  std::vector<std::string> usual_places() const override { return {"/usr/share/datasets"}; }

  Split load(const DataFolder& folder, const std::string& split) const override {
    const auto all = files(folder);
    const std::size_t first = split == kParts[0].split ? 0 : 2;
    const Idx images(read_data(folder, all[first], kGet), all[first].name, 3);
    const Idx labels(read_data(folder, all[first + 1], kGet), all[first + 1].name, 1);
    check(images, labels, all[first].name);

    const auto n = labels.extents[0];
    auto x = at::empty({n, 1, kSide, kSide}, at::kByte);
    std::memcpy(x.data_ptr(), images.data(), static_cast<std::size_t>(x.numel()));
    auto y = at::empty({n}, at::kLong);
    std::copy_n(labels.data(), n, y.mutable_data_ptr<std::int64_t>());
    return {{{"image", x}}, {{"label", y}}};
  }

 private:
  /// Debian's layout before torchvision's.
  DataFile file(const DataFolder& folder, const std::string& name, const char* digest,
                std::int64_t bytes) const {
    std::string path = "fashion-mnist/" + name;
    if (folder.find(path).empty() && !folder.find("FashionMNIST/raw/" + name).empty()) {
      path = "FashionMNIST/raw/" + name;
    }
    return verify_ ? DataFile{path, digest, bytes} : DataFile{path, "", 0};
  }

  std::int64_t count(const DataFolder& folder, const Part& part) const {
    if (verify_) return part.count;
    const auto path = folder.find(file(folder, part.labels, "", 0).name);
    return path.empty() ? part.count : Idx(read_file(path), path, 1).extents[0];
  }

  static void check(const Idx& images, const Idx& labels, const std::string& name) {
    if (images.extents[1] != kSide || images.extents[2] != kSide) {
      throw Error(name + ": expected images of 28x28, found " + std::to_string(images.extents[1]) +
                  "x" + std::to_string(images.extents[2]));
    }
    if (images.extents[0] != labels.extents[0]) {
      throw Error(name + " has " + std::to_string(images.extents[0]) + " images, but there are " +
                  std::to_string(labels.extents[0]) + " labels");
    }
    const auto n = labels.extents[0];
    if (n > 0 && *std::max_element(labels.data(), labels.data() + n) > 9) {
      throw Error(name + ": a label is above 9, so this is not Fashion-MNIST");
    }
  }

  bool verify_;
};

}  // namespace

KTB_DATASET(FashionMnist, "70,000 grey pictures of clothes, 28x28, 10 classes",
            "Xiao et al., arXiv 1708.07747")
