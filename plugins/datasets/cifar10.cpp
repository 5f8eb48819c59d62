#include <ATen/ops/empty.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "ktb/plugin.hpp"

namespace {
using namespace ktb;

constexpr char kGet[] =
    "CIFAR-10: get the binary version, cifar-10-binary.tar.gz (170,052,171 bytes,\n"
    "md5 c32a1d4ab5d03f1284b67883e8d87530), from www.cs.toronto.edu/~kriz/cifar.html and unpack it "
    "in a\n"
    "data directory (--data-dir, $KTBENCH_DATA), so that cifar-10-batches-bin/ lies there";
constexpr char kFolder[] = "cifar-10-batches-bin/";
constexpr std::int64_t kPixels = 3 * 32 * 32, kRecord = 1 + kPixels, kPerFile = 10000;

struct Official {
  const char *split, *name, *digest;
};
constexpr std::array<Official, 6> kFiles = {{
    {"train", "data_batch_1.bin", "md5:5dd7e06a14cb22eb9f671a540d1b7c25"},
    {"train", "data_batch_2.bin", "md5:5ea93a67294ea407fff1d09f752e9692"},
    {"train", "data_batch_3.bin", "md5:942cd6a4bcdd0dd3c604fbe906cb4421"},
    {"train", "data_batch_4.bin", "md5:ae636b3ba5c66a11e91e8cb52e771fcb"},
    {"train", "data_batch_5.bin", "md5:53f37980c15c3d472c316c40844f3f0d"},
    {"test", "test_batch.bin", "md5:803d5f7f4d78ea53de84dbe85f74fb6d"},
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

  std::vector<DataFile> files(const DataFolder&) const override {
    std::vector<DataFile> all;
    for (const auto& file : kFiles) all.push_back(expected(file));
    return all;
  }

  std::string get() const override { return kGet; }

  Split load(const DataFolder& folder, const std::string& split) const override {
    refuse_python(folder);
    Bytes records;
    for (const auto& file : kFiles) {
      if (file.split != split) continue;
      const auto bytes = read_data(folder, expected(file), kGet);
      if (bytes.empty() || bytes.size() % kRecord != 0) {
        throw Error(folder.find(expected(file).name) +
                    " is not what it should be: expected records of " + std::to_string(kRecord) +
                    " bytes, found " + std::to_string(bytes.size()) + " bytes in all\n" + kGet);
      }
      records.insert(records.end(), bytes.begin(), bytes.end());
    }
    return unpack(records);
  }

 private:
  DataFile expected(const Official& file) const {
    const auto name = std::string(kFolder) + file.name;
    return verify_ ? DataFile{name, file.digest, kPerFile * kRecord} : DataFile{name, "", 0};
  }

  std::int64_t count(const DataFolder& folder, const Official& file) const {
    const auto path = verify_ ? "" : folder.find(expected(file).name);
    if (path.empty() || path.ends_with(".gz")) return kPerFile;
    return static_cast<std::int64_t>(std::filesystem::file_size(path)) / kRecord;
  }

  static void refuse_python(const DataFolder& folder) {
    const auto python = folder.find("cifar-10-batches-py/data_batch_1");
    if (python.empty() || !folder.find(std::string(kFolder) + kFiles[0].name).empty()) return;
    throw Error(std::string(kFolder) + " is missing; " + python +
                " belongs to the Python version (pickles), which cannot be read\n" + kGet);
  }

  static Split unpack(const Bytes& records) {
    const auto n = static_cast<std::int64_t>(records.size()) / kRecord;
    auto x = at::empty({n, 3, 32, 32}, at::kByte);
    auto y = at::empty({n}, at::kLong);
    for (std::int64_t i = 0; i < n; ++i) {
      const auto* record = records.data() + i * kRecord;
      if (record[0] > 9) {
        throw Error("record " + std::to_string(i) + " of " + kFolder + " has the label " +
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
