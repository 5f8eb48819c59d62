#include "ktb/files/idx.hpp"

#include <ATen/ops/empty.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "ktb/files/layout.hpp"

namespace ktb {
namespace {

constexpr std::int64_t kIdxSide = 28;
constexpr std::size_t kIdxHead = 4;  ///< bytes before the extents, of four bytes each

/// One array of the idx format: four bytes of type and rank, the extents (big-endian), the data.
struct Idx {
  Idx(Bytes content, const std::string& name, std::size_t rank, const std::string& get)
      : bytes(std::move(content)), start(kIdxHead + 4 * rank) {
    const std::array<std::uint8_t, kIdxHead> magic = {0, 0, 8, static_cast<std::uint8_t>(rank)};
    if (bytes.size() < start || !std::equal(magic.begin(), magic.end(), bytes.begin())) {
      throw Error(name + " is not an idx file of unsigned bytes with " + std::to_string(rank) +
                  " axes: its first four bytes should be 0 0 8 " + std::to_string(rank) + "\n" +
                  get);
    }
    std::size_t expected = 1;
    for (std::size_t at = kIdxHead; at < start; at += 4) {
      extents.push_back(std::int64_t{bytes[at]} << 24 | bytes[at + 1] << 16 | bytes[at + 2] << 8 |
                        bytes[at + 3]);
      expected *= static_cast<std::size_t>(extents.back());
    }
    if (bytes.size() - start != expected) {
      throw Error(name + " is cut off or too long: its header promises " +
                  std::to_string(expected) + " bytes of data, there are " +
                  std::to_string(bytes.size() - start) + "\n" + get);
    }
  }
  const std::uint8_t* data() const { return bytes.data() + start; }

  Bytes bytes;
  std::size_t start;
  std::vector<std::int64_t> extents;
};

void check_pair(const Idx& images, const Idx& labels, const std::string& name,
                const std::string& set) {
  if (images.extents[1] != kIdxSide || images.extents[2] != kIdxSide) {
    throw Error(name + ": expected images of 28x28, found " + std::to_string(images.extents[1]) +
                "x" + std::to_string(images.extents[2]));
  }
  if (images.extents[0] != labels.extents[0]) {
    throw Error(name + " has " + std::to_string(images.extents[0]) + " images, but there are " +
                std::to_string(labels.extents[0]) + " labels");
  }
  const auto n = labels.extents[0];
  if (n > 0 && *std::max_element(labels.data(), labels.data() + n) > 9)
    throw Error(name + ": a label is above 9, so this is not " + set);
}

}  // namespace

IdxPictures::IdxPictures(Options& options, Facts facts)
    : facts_(std::move(facts)),
      verify_(options.get("verify", true, "the files must be the official ones")) {}
IdxPictures::~IdxPictures() = default;

TaskSpec IdxPictures::task(const DataFolder& folder) const {
  TaskSpec spec;
  spec.name = spec.labels = facts_.name;
  spec.kind = "classification";
  spec.inputs = {{"image", {1, kIdxSide, kIdxSide}, "grey", {facts_.mean}, {facts_.deviation}}};
  spec.classes = facts_.classes;
  spec.outputs = static_cast<std::int64_t>(spec.classes.size());
  spec.categorical = true;
  spec.train_size = count(folder, "train");
  spec.test_size = count(folder, "test");
  return spec;
}

std::vector<DataFile> IdxPictures::files(const DataFolder& folder) const {
  return {images(folder, "train"), labels(folder, "train"), images(folder, "test"),
          labels(folder, "test")};
}

Split IdxPictures::load(const DataFolder& folder, const std::string& split) const {
  const auto shown = images(folder, split), named = labels(folder, split);
  const Idx pictures(read_data(folder, shown, facts_.get), shown.name, 3, facts_.get);
  const Idx classes(read_data(folder, named, facts_.get), named.name, 1, facts_.get);
  check_pair(pictures, classes, shown.name, facts_.name);

  const auto n = classes.extents[0];
  auto x = at::empty({n, 1, kIdxSide, kIdxSide}, at::kByte);
  std::memcpy(x.data_ptr(), pictures.data(), static_cast<std::size_t>(x.numel()));
  auto y = at::empty({n}, at::kLong);
  std::copy_n(classes.data(), n, y.mutable_data_ptr<std::int64_t>());
  return {{{"image", x}}, {{"label", y}}};
}

const IdxPictures::Part& IdxPictures::part(const std::string& split) const {
  return split == "train" ? facts_.train : facts_.test;
}

DataFile IdxPictures::images(const DataFolder& folder, const std::string& split) const {
  auto found = file(folder, split == "train" ? "train-images" : "t10k-images", "3");
  if (verify_) {
    found.digest = part(split).images_digest;
    found.bytes =
        static_cast<std::int64_t>(kIdxHead) + 3 * 4 + part(split).count * kIdxSide * kIdxSide;
  }
  return found;
}

DataFile IdxPictures::labels(const DataFolder& folder, const std::string& split) const {
  auto found = file(folder, split == "train" ? "train-labels" : "t10k-labels", "1");
  if (verify_) {
    found.digest = part(split).labels_digest;
    found.bytes = static_cast<std::int64_t>(kIdxHead) + 4 + part(split).count;
  }
  return found;
}

/// In any of its folders, by its official name or by that which 7-Zip gives it.
DataFile IdxPictures::file(const DataFolder& folder, const std::string& stem,
                           const std::string& axes) const {
  std::vector<std::string> names;
  for (const auto& place : facts_.folders)
    for (const char* dot : {"-", "."})
      names.push_back(place + stem + dot + "idx" + axes + "-ubyte");
  return {first_found(folder, names), "", 0};
}

std::int64_t IdxPictures::count(const DataFolder& folder, const std::string& split) const {
  if (verify_) return part(split).count;
  const auto path = folder.find(labels(folder, split).name);
  return path.empty() ? part(split).count : Idx(read_file(path), path, 1, facts_.get).extents[0];
}

}  // namespace ktb
