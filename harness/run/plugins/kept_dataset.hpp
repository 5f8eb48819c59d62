#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/system/shelf.hpp"
#include "ktb/dataset.hpp"

namespace ktb::run {

/// A data set whose splits are decoded once: they lie on a shelf for trials of later processes, as
/// long as the files that they were made from are as they were.
class KeptDataset final : public Dataset {
 public:
  /// `identity`: the plugin with its options; `further`: files beside those of the data that the
  /// splits depend on, the plugin's own and what options name.
  KeptDataset(std::shared_ptr<Dataset> own, std::string identity, std::vector<std::string> further,
              core::Shelf& shelf);

  TaskSpec task(const DataFolder& folder) const override { return own_->task(folder); }
  std::vector<DataFile> files(const DataFolder& folder) const override {
    return own_->files(folder);
  }
  std::vector<std::string> notes(const DataFolder& folder) const override {
    return own_->notes(folder);
  }
  std::string get() const override { return own_->get(); }
  std::vector<std::string> usual_places() const override { return own_->usual_places(); }
  const ControlDataset* control() const override { return own_->control(); }
  Split load(const DataFolder& folder, const std::string& split) const override;

 private:
  /// None: it makes its examples of no files, or not all of them are there.
  std::optional<std::string> key(const DataFolder& folder, const std::string& split) const;

  std::shared_ptr<Dataset> own_;
  std::string identity_;
  std::vector<std::string> further_;
  core::Shelf& shelf_;
};

/// A split as bytes, in parts that live as long as this. None: it holds what bytes cannot say.
class PackedSplit {
 public:
  static std::optional<PackedSplit> of(const Split& split);
  const std::vector<std::string_view>& parts() const { return parts_; }

 private:
  std::unique_ptr<std::string> head_;
  std::vector<Tensor> tensors_;
  std::vector<std::string_view> parts_;
};

/// The split of these bytes, which its tensors keep and look into.
Split unpacked_split(const std::shared_ptr<core::SharedBytes>& bytes);

}  // namespace ktb::run
