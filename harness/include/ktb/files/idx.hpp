#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "ktb/dataset.hpp"
#include "ktb/options.hpp"

namespace ktb {

/// A data set of grey pictures, 28x28, in ten classes, in four files of the idx format: MNIST and
/// those that came after it.
class KTB_API IdxPictures : public Dataset {
 public:
  /// The official files of a split, by their content.
  struct Part {
    std::int64_t count = 0;
    std::string images_digest, labels_digest;
  };
  struct Facts {
    std::string name;                  ///< the plugin's
    std::vector<std::string> folders;  ///< below a data directory, where its files may lie
    std::vector<std::string> classes;
    double mean = 0, deviation = 1;
    Part train, test;
    std::string get;
  };

  TaskSpec task(const DataFolder& folder) const final;
  std::vector<DataFile> files(const DataFolder& folder) const final;
  std::string get() const final { return facts_.get; }
  Split load(const DataFolder& folder, const std::string& split) const final;

 protected:
  IdxPictures(Options& options, Facts facts);
  ~IdxPictures() override;

 private:
  const Part& part(const std::string& split) const;
  DataFile images(const DataFolder& folder, const std::string& split) const;
  DataFile labels(const DataFolder& folder, const std::string& split) const;
  DataFile file(const DataFolder& folder, const std::string& stem, const std::string& axes) const;
  std::int64_t count(const DataFolder& folder, const std::string& split) const;

  Facts facts_;
  bool verify_;
};

}  // namespace ktb
