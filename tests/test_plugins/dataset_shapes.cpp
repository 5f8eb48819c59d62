// Small grey images of four classes, made of numbers and not of files: which quarter is bright.
#include <ATen/ops/arange.h>
#include <ATen/ops/full.h>

#include <cstdio>
#include <cstdlib>

#include "ktb/plugin.hpp"

namespace {

using ktb::DataFile, ktb::DataFolder, ktb::Split, ktb::TaskSpec;

constexpr std::int64_t kSide = 8;

class Shapes final : public ktb::Dataset {
 public:
  explicit Shapes(ktb::Options& options)
      : train_(options.get("size", 256, "training images", {.least = 8})) {
    if (std::getenv("SHAPES_TALK")) std::puts("Shapes talks where nobody asked.");
  }

  TaskSpec task(const DataFolder&) const override {
    TaskSpec spec;
    spec.name = spec.labels = "shapes";
    spec.kind = "classification";
    spec.inputs = {{"image", {1, kSide, kSide}, "grey", {0.5}, {0.5}}};
    spec.outputs = 4;
    spec.categorical = true;
    spec.train_size = train_;
    spec.test_size = 64;
    return spec;
  }
  std::vector<DataFile> files(const DataFolder&) const override { return {}; }
  std::string get() const override { return "It is made on the spot."; }

  Split load(const DataFolder&, const std::string& split) const override {
    const bool test = split == "test";
    const auto n = test ? std::int64_t{64} : train_;
    const auto label = at::arange(n).remainder(4);
    auto x = at::full({n, 1, kSide, kSide}, 60).to(at::kByte);
    for (std::int64_t i = 0; i < n; ++i) {
      const auto row = label[i].item<std::int64_t>() / 2 * (kSide / 2);
      const auto column = label[i].item<std::int64_t>() % 2 * (kSide / 2);
      x[i][0].slice(0, row, row + kSide / 2).slice(1, column, column + kSide / 2).fill_(200);
      x[i][0].add_(at::arange(kSide * kSide)
                       .mul(37 * i + (test ? 11 : 0))
                       .remainder(50)
                       .view({kSide, kSide})
                       .to(at::kByte));
    }
    return {{{"image", x}}, {{"label", label}}};
  }

 private:
  std::int64_t train_;
};

}  // namespace

KTB_DATASET(Shapes, "which quarter of a small image is bright", "made for tests")
