#include "run/plugins/kept_dataset.hpp"

#include <ATen/ops/from_blob.h>
#include <c10/core/ScalarType.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <filesystem>
#include <set>
#include <utility>

#include "core/base/digest.hpp"
#include "core/base/json.hpp"
#include "core/plan/file_stamp.hpp"

namespace ktb::run {
namespace {

using core::Json;

constexpr std::size_t kAlign = 64;  ///< as LibTorch's own memory is
constexpr std::array<char, kAlign> kZeros{};

std::string_view padding(std::size_t size) {
  return {kZeros.data(), (kAlign - size % kAlign) % kAlign};
}

/// Their members in the order of names.
template <class Of>
auto maps(Of& split) {
  return std::array{std::pair{"x", &split.x}, std::pair{"y", &split.y},
                    std::pair{"rows", &split.rows}};
}

bool is_plain(const Tensor& tensor) {
  return tensor.defined() && tensor.layout() == at::kStrided && tensor.is_cpu() &&
         !tensor.requires_grad() && !tensor.is_quantized() && !tensor.is_complex();
}

std::string stamp_text(const std::string& path) {
  std::string text;
  Json::to_msgpack(core::write_json(core::stamp_of(path)), text);
  return text;
}

}  // namespace

KeptDataset::KeptDataset(std::shared_ptr<Dataset> own, std::string identity,
                         std::vector<std::string> further, core::Shelf& shelf)
    : own_(std::move(own)),
      identity_(std::move(identity)),
      further_(std::move(further)),
      shelf_(shelf) {}

/// Of every file and of the folders that they lie in: another file there may be another example.
std::optional<std::string> KeptDataset::key(const DataFolder& folder,
                                            const std::string& split) const {
  std::set<std::string> looked_at(further_.begin(), further_.end());
  const auto wanted = own_->files(folder);
  if (wanted.empty()) return std::nullopt;
  for (const auto& file : wanted) {
    const auto path = folder.find(file.name);
    if (path.empty()) return std::nullopt;
    looked_at.insert(path);
    looked_at.insert(std::filesystem::path(path).parent_path().string());
  }
  core::Sha256 digest;
  const auto add = [&](const std::string& text) { digest.add(text.c_str(), text.size() + 1); };
  add(identity_), add(split);
  for (const auto& path : looked_at) add(stamp_text(path));
  return digest.hex();
}

Split KeptDataset::load(const DataFolder& folder, const std::string& split) const {
  const auto before = key(folder, split);
  if (!before) return own_->load(folder, split);
  if (const auto bytes = shelf_.find(*before)) return unpacked_split(bytes);
  auto made = own_->load(folder, split);
  const auto packed = PackedSplit::of(made);
  if (packed && key(folder, split) == before) shelf_.put(*before, packed->parts());
  return made;
}

std::optional<PackedSplit> PackedSplit::of(const Split& split) {
  PackedSplit packed;
  Json head = {{"texts", split.texts}};
  for (const auto& [kind, tensors] : maps(split)) {
    auto& list = head[kind] = Json::array();
    for (const auto& [name, tensor] : *tensors) {
      if (!is_plain(tensor)) return std::nullopt;
      list.push_back(
          Json::array({name, static_cast<int>(tensor.scalar_type()), tensor.sizes().vec()}));
      packed.tensors_.push_back(tensor.contiguous());
    }
  }
  packed.head_ = std::make_unique<std::string>(sizeof(std::uint64_t), '\0');
  Json::to_msgpack(head, *packed.head_);
  const std::uint64_t size = packed.head_->size();
  std::memcpy(packed.head_->data(), &size, sizeof size);
  packed.parts_ = {*packed.head_, padding(size)};
  for (const auto& tensor : packed.tensors_) {
    packed.parts_.emplace_back(static_cast<const char*>(tensor.const_data_ptr()), tensor.nbytes());
    packed.parts_.push_back(padding(tensor.nbytes()));
  }
  return packed;
}

Split unpacked_split(const std::shared_ptr<core::SharedBytes>& bytes) {
  std::uint64_t size = 0;
  std::memcpy(&size, bytes->data(), sizeof size);
  const auto head = Json::from_msgpack(bytes->data() + sizeof size, bytes->data() + size);
  std::size_t at = size + padding(size).size();
  Split split;
  split.texts = head.at("texts").get<Texts>();
  for (const auto& [kind, tensors] : maps(split))
    for (const auto& entry : head.at(kind)) {
      const auto& tensor = (*tensors)[entry.at(0)] = at::from_blob(
          bytes->data() + at, entry.at(2).get<std::vector<std::int64_t>>(), [bytes](void*) {},
          static_cast<at::ScalarType>(entry.at(1).get<int>()));
      at += tensor.nbytes() + padding(tensor.nbytes()).size();
    }
  return split;
}

}  // namespace ktb::run
