#include <ATen/ops/empty.h>

#include <algorithm>
#include <array>

#include "ktb/files/cifar.hpp"
#include "ktb/files/layout.hpp"
#include "ktb/plugin.hpp"

namespace {
using namespace ktb;

constexpr char kGet[] =
    "CIFAR-10: get cifar-10-binary.tar.gz (170,052,171 bytes, md5 "
    "c32a1d4ab5d03f1284b67883e8d87530) from\n"
    "www.cs.toronto.edu/~kriz/cifar.html and unpack it in a data directory (--data-dir, "
    "$KTBENCH_DATA), so that\n"
    "cifar-10-batches-bin/ lies there; the Python version's cifar-10-batches-py/, which "
    "torchvision "
    "unpacks,\n"
    "is read as well";
constexpr char kFolder[] = "cifar-10-batches-bin/", kPython[] = "cifar-10-batches-py/";
constexpr std::int64_t kPixels = 3 * 32 * 32, kRecord = 1 + kPixels, kPerFile = 10000;

/// A file by its name in the Python version, to which the binary one adds `.bin`, and its digests.
struct Official {
  const char *split, *name, *binary, *python;
};
constexpr std::array<Official, 6> kFiles = {{
    {"train", "data_batch_1", "md5:5dd7e06a14cb22eb9f671a540d1b7c25",
     "md5:c99cafc152244af753f735de768cd75f"},
    {"train", "data_batch_2", "md5:5ea93a67294ea407fff1d09f752e9692",
     "md5:d4bba439e000b95fd0a9bffe97cbabec"},
    {"train", "data_batch_3", "md5:942cd6a4bcdd0dd3c604fbe906cb4421",
     "md5:54ebc095f3ab1f0389bbae665268c751"},
    {"train", "data_batch_4", "md5:ae636b3ba5c66a11e91e8cb52e771fcb",
     "md5:634d18415352ddfa80567beed471001a"},
    {"train", "data_batch_5", "md5:53f37980c15c3d472c316c40844f3f0d",
     "md5:482c414d41f54cd18b22e5b47cb7c3cb"},
    {"test", "test_batch", "md5:803d5f7f4d78ea53de84dbe85f74fb6d",
     "md5:40351d587109b95175f43aff81a1287e"},
}};

class Cifar10 final : public Dataset {
 public:
  explicit Cifar10(Options& options)
      : verify_(options.get("verify", true, "the files must be the official ones")) {}

  TaskSpec task(const DataFolder& folder) const override {
    TaskSpec spec;
    spec.name = spec.labels = "cifar10";
    spec.kind = "classification";
    spec.inputs = {
        {"image", {3, 32, 32}, "rgb", {0.4914, 0.4822, 0.4465}, {0.2470, 0.2435, 0.2616}}};
    spec.classes = {"airplane", "automobile", "bird",  "cat",  "deer",
                    "dog",      "frog",       "horse", "ship", "truck"};
    spec.outputs = static_cast<std::int64_t>(spec.classes.size());
    spec.categorical = true;
    for (const auto& file : kFiles) {
      (file.split == std::string("train") ? spec.train_size : spec.test_size) +=
          count(folder, file);
    }
    return spec;
  }

  std::vector<DataFile> files(const DataFolder& folder) const override {
    std::vector<DataFile> all;
    for (const auto& file : kFiles) all.push_back(expected(folder, file));
    return all;
  }

  std::string get() const override { return kGet; }

  Split load(const DataFolder& folder, const std::string& split) const override {
    Bytes all;
    for (const auto& file : kFiles) {
      if (file.split != split) continue;
      const auto some = records(folder, file);
      all.insert(all.end(), some.begin(), some.end());
    }
    return unpack(all);
  }

 private:
  static bool is_python(const DataFolder& folder) {
    const std::string first = kFiles[0].name;
    return first_found(folder, {kFolder + first + ".bin", kPython + first}).starts_with(kPython);
  }

  DataFile expected(const DataFolder& folder, const Official& file) const {
    const bool python = is_python(folder);
    DataFile all{
        python ? std::string(kPython) + file.name : std::string(kFolder) + file.name + ".bin", "",
        0};
    if (verify_) all.digest = python ? file.python : file.binary;
    if (verify_ && !python) all.bytes = kPerFile * kRecord;
    return all;
  }

  std::int64_t count(const DataFolder& folder, const Official& file) const {
    if (verify_ || folder.find(expected(folder, file).name).empty()) return kPerFile;
    return static_cast<std::int64_t>(records(folder, file).size()) / kRecord;
  }

  /// As the binary version has them.
  Bytes records(const DataFolder& folder, const Official& file) const {
    const auto wanted = expected(folder, file);
    auto bytes = read_data(folder, wanted, kGet);
    if (is_python(folder)) return cifar_records(bytes, folder.find(wanted.name), {"labels"});
    if (bytes.empty() || bytes.size() % kRecord != 0) {
      throw Error(folder.find(wanted.name) + " is not what it should be: expected records of " +
                  std::to_string(kRecord) + " bytes, found " + std::to_string(bytes.size()) +
                  " bytes in all\n" + kGet);
    }
    return bytes;
  }

  static Split unpack(const Bytes& records) {
    const auto n = static_cast<std::int64_t>(records.size()) / kRecord;
    auto x = at::empty({n, 3, 32, 32}, at::kByte);
    auto y = at::empty({n}, at::kLong);
    for (std::int64_t i = 0; i < n; ++i) {
      const auto* record = records.data() + i * kRecord;
      if (record[0] > 9) {
        throw Error("record " + std::to_string(i) + " of CIFAR-10 has the label " +
                    std::to_string(record[0]) + "; CIFAR-10 has 0 to 9\n" + kGet);
      }
      y.mutable_data_ptr<std::int64_t>()[i] = record[0];
      std::copy_n(record + 1, kPixels, x.mutable_data_ptr<std::uint8_t>() + i * kPixels);
    }
    return {{{"image", x}}, {{"label", y}}};
  }

  bool verify_;
};

}  // namespace

KTB_DATASET(Cifar10, "60,000 colour pictures, 32x32, 10 classes",
            "Krizhevsky, Learning multiple layers of features from tiny images, 2009")
