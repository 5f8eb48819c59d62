#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "ktb/dataset.hpp"

namespace ktb::run {

/// In Split::y of a union: [N] int64, the part that each example is of. Whoever reads the split
/// takes it out, so that no method sees it.
inline constexpr auto kDomain = "domain";

/// Several data sets of one form of input, each with one class an example, as one. Examples stand
/// in the order of the parts; labels side by side in that order, or shared.
class UnionDataset final : public Dataset {
 public:
  struct Part {
    std::shared_ptr<Dataset> dataset;
    DataFolder folder;
    std::string axis;                  ///< names it in seeds, as where it stands alone
    std::int64_t train = 0, test = 0;  ///< class-balanced subsets that no seed changes; 0: all
  };
  UnionDataset(std::vector<Part> parts, bool shared);

  // Folders are those of the parts. Throw Error where parts do not go together.
  TaskSpec task(const DataFolder& folder) const override;
  std::vector<DataFile> files(const DataFolder& folder) const override;
  std::string get() const override;
  Split load(const DataFolder& folder, const std::string& split) const override;

 private:
  std::vector<Part> parts_;
  bool shared_;
};

}  // namespace ktb::run
