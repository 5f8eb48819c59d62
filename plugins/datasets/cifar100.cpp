#include <ATen/ops/empty.h>

#include <algorithm>

#include "ktb/files/cifar.hpp"
#include "ktb/files/delimited.hpp"
#include "ktb/files/layout.hpp"
#include "ktb/plugin.hpp"

namespace {
using namespace ktb;

constexpr char kGet[] =
    "CIFAR-100: get cifar-100-binary.tar.gz (168,513,733 bytes, md5 "
    "03b5dce01913d631647c71ecec9e9cb8) from\n"
    "www.cs.toronto.edu/~kriz/cifar.html and unpack it in a data directory (--data-dir, "
    "$KTBENCH_DATA), so that\n"
    "cifar-100-binary/ lies there; the Python version's cifar-100-python/, which torchvision "
    "unpacks, is read as well";
constexpr char kFolder[] = "cifar-100-binary/", kPython[] = "cifar-100-python/";
constexpr std::int64_t kPixels = 3 * 32 * 32, kRecord = 2 + kPixels;

class Cifar100 final : public Dataset {
 public:
  explicit Cifar100(Options& options)
      : coarse_(options.get("labels", "fine", "100 classes, or their 20 groups",
                            {"fine", "coarse"}) == "coarse"),
        mergenet_(
            options.get("statistics", "distillation",
                        "normalisation: as distillation papers have it, or as MergeNet's code",
                        {"distillation", "mergenet"}) == "mergenet"),
        verify_(options.get("verify", true, "the files must be the official ones")) {}

  TaskSpec task(const DataFolder& folder) const override {
    TaskSpec spec;
    spec.name = "cifar100";
    spec.labels = coarse_ ? "cifar100:coarse" : "cifar100";
    spec.kind = "classification";
    spec.inputs = {
        {"image", {3, 32, 32}, "rgb", {0.5071, 0.4867, 0.4408}, {0.2675, 0.2565, 0.2761}}};
    if (mergenet_) {
      spec.inputs[0].mean = {0.50708, 0.48655, 0.44092};
      spec.inputs[0].deviation = {0.26733, 0.25644, 0.27615};
    }
    spec.outputs = coarse_ ? 20 : 100;
    spec.categorical = true;
    spec.train_size = count(folder, "train");
    spec.test_size = count(folder, "test");
    spec.classes = class_names(folder);
    return spec;
  }

  std::vector<DataFile> files(const DataFolder& folder) const override {
    return {expected(folder, "train"), expected(folder, "test")};
  }

  std::string get() const override { return kGet; }

  Split load(const DataFolder& folder, const std::string& split) const override {
    return unpack(records(folder, split), expected(folder, split).name);
  }

 private:
  static std::int64_t official_count(const std::string& split) {
    return split == "train" ? 50000 : 10000;
  }

  static bool is_python(const DataFolder& folder) {
    return first_found(folder, {"cifar-100-binary/train.bin", "cifar-100-python/train"})
        .starts_with(kPython);
  }

  DataFile expected(const DataFolder& folder, const std::string& split) const {
    const bool train = split == "train";
    if (is_python(folder)) {
      const auto* digest =
          train ? "md5:16019d7e3df5f24257cddd939b257f8d" : "md5:f0ef6b0ae62326f3e7ffdfab6717acfc";
      return {kPython + split, verify_ ? digest : "", 0};
    }
    const auto name = kFolder + split + ".bin";
    if (!verify_) return {name, "", 0};
    return {name,
            train ? "md5:6172c7755cfe09b2fe270c85cebc1b15" : "md5:4499cfba6c016c1be1438163640a0898",
            official_count(split) * kRecord};
  }

  std::int64_t count(const DataFolder& folder, const std::string& split) const {
    if (verify_ || folder.find(expected(folder, split).name).empty()) return official_count(split);
    return static_cast<std::int64_t>(records(folder, split).size()) / kRecord;
  }

  /// As the binary version has them.
  Bytes records(const DataFolder& folder, const std::string& split) const {
    const auto file = expected(folder, split);
    auto bytes = read_data(folder, file, kGet);
    if (is_python(folder))
      return cifar_records(bytes, folder.find(file.name), {"coarse_labels", "fine_labels"});
    if (bytes.empty() || bytes.size() % kRecord != 0) {
      throw Error(folder.find(file.name) + " is not what it should be: expected records of " +
                  std::to_string(kRecord) + " bytes, found " + std::to_string(bytes.size()) +
                  " bytes in all\n" + kGet);
    }
    return bytes;
  }

  /// For display only, so none where the list is not there.
  std::vector<std::string> class_names(const DataFolder& folder) const {
    const auto list = std::string(coarse_ ? "coarse" : "fine") + "_label_names";
    std::vector<std::string> names;
    if (is_python(folder)) {
      const auto path = folder.find(std::string(kPython) + "meta");
      if (!path.empty()) names = cifar_names(read_file(path), path, list);
    } else if (const auto path = folder.find(kFolder + list + ".txt"); !path.empty()) {
      for (auto& row : read_tsv(read_file(path), path, 1))
        if (!row.fields[0].empty()) names.push_back(std::move(row.fields[0]));
    }
    return names.size() == (coarse_ ? 20u : 100u) ? names : std::vector<std::string>{};
  }

  Split unpack(const Bytes& records, const std::string& name) const {
    const auto n = static_cast<std::int64_t>(records.size()) / kRecord;
    auto x = at::empty({n, 3, 32, 32}, at::kByte);
    auto y = at::empty({n}, at::kLong);
    for (std::int64_t i = 0; i < n; ++i) {
      const auto* record = records.data() + i * kRecord;
      if (record[0] > 19 || record[1] > 99) {
        throw Error("record " + std::to_string(i) + " of " + name + " has the labels " +
                    std::to_string(record[0]) + " and " + std::to_string(record[1]) +
                    "; CIFAR-100 has 0 to 19 and 0 to 99\n" + kGet);
      }
      y.mutable_data_ptr<std::int64_t>()[i] = record[coarse_ ? 0 : 1];
      std::copy_n(record + 2, kPixels, x.mutable_data_ptr<std::uint8_t>() + i * kPixels);
    }
    return {{{"image", x}}, {{"label", y}}};
  }

  bool coarse_, mergenet_, verify_;
};

}  // namespace

KTB_DATASET(Cifar100, "60,000 colour pictures, 32x32, 100 classes in 20 groups",
            "Krizhevsky, Learning multiple layers of features from tiny images, 2009")
