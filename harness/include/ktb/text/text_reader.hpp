#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "ktb/files.hpp"
#include "ktb/options.hpp"
#include "ktb/task.hpp"
#include "ktb/text/tokeniser.hpp"

namespace ktb {

/// Makes tokens of the texts of a data set, as the options say that it declares for it: `tokens`
/// (words or wordpiece), `length` and `vocabulary` (of words).
class KTB_API TextReader {
 public:
  /// `corpus` names the texts that the vocabulary of words is made of. The rest are defaults.
  TextReader(Options& options, std::string corpus, std::int64_t length, std::int64_t vocabulary);

  InputSpec tokens() const;    ///< [length]
  InputSpec segments() const;  ///< likewise, where there are two texts
  std::int64_t length() const { return length_; }

  /// Files that it needs beside the data set's own.
  std::vector<DataFile> files() const;
  /// `corpus` gives the training texts, and is called only where a vocabulary is made of them.
  std::unique_ptr<Tokeniser> tokeniser(
      const DataFolder& folder, const std::function<std::vector<std::string>()>& corpus) const;

  /// [N, length] int64: one text a row, cut at the length, padded with 0.
  Tensor read(const Tokeniser& tokeniser, const std::vector<std::string>& texts) const;
  /// The same of encodings, and their segments: `tokens`, `segments`.
  Tensors tables(const std::vector<Encoding>& encodings) const;

 private:
  std::string corpus_;
  bool words_;
  std::int64_t length_, vocabulary_;
};

}  // namespace ktb
