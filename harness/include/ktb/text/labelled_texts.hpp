#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "ktb/dataset.hpp"
#include "ktb/text/text_reader.hpp"

namespace ktb {

/// A data set of texts, each of one class; what derives from it reads the files. Declares the
/// options of TextReader, and `verify`.
class KTB_API LabelledTexts : public Dataset {
 public:
  ~LabelledTexts() override;
  TaskSpec task(const DataFolder& folder) const final;
  std::vector<DataFile> files(const DataFolder& folder) const final;
  Split load(const DataFolder& folder, const std::string& split) const final;

 protected:
  struct Content {
    std::vector<std::string> texts;
    std::vector<std::int64_t> labels;
    void add(std::string text, std::int64_t label);
  };
  /// What the official files hold.
  struct Sizes {
    std::int64_t train, test;
  };
  /// `name` also names the label space and the vocabulary; length and vocabulary are defaults.
  LabelledTexts(Options& options, const std::string& name, std::vector<std::string> classes,
                Sizes official, std::int64_t length, std::int64_t vocabulary);

  /// Whether the files must be the official ones.
  bool verify() const { return verify_; }
  virtual std::vector<DataFile> own_files(const DataFolder& folder) const = 0;
  /// `split` is `train` or `test`.
  virtual Content read(const DataFolder& folder, const std::string& split) const = 0;

 private:
  /// read(), once it has as many texts as it must have.
  Content checked(const DataFolder& folder, const std::string& split) const;

  TaskSpec spec_;
  TextReader reader_;
  bool verify_;
};

}  // namespace ktb
