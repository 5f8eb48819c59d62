#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "ktb/files.hpp"
#include "ktb/options.hpp"
#include "ktb/task.hpp"

namespace ktb {

/// Makes images of one shape, uint8 [channels, size, size], from PNG, JPEG, BMP and PNM files of
/// any size, as the options say that it declares for a data set: `size`, `channels`, `fit`, `mean`
/// and `deviation`. What is transparent becomes white.
class KTB_API PictureReader {
 public:
  /// Defaults of these options; the statistics' are ImageNet's.
  PictureReader(Options& options, std::int64_t size, const char* fit, std::int64_t channels = 3);

  /// `image`, in the space `rgb` or `grey`.
  InputSpec input() const;
  /// `name` is the file, for Error: no picture, cut off, damaged, or larger than a picture may be.
  Tensor decode(const Bytes& bytes, const std::string& name) const;
  /// [N, channels, size, size]: all files, on all threads.
  Tensor load(const std::vector<std::string>& paths) const;
  /// The same of what `read(i)` gives, called on several threads at once.
  Tensor decode_all(std::int64_t n, const std::function<Bytes(std::int64_t)>& read,
                    const std::function<std::string(std::int64_t)>& name) const;

 private:
  std::int64_t size_, channels_;
  bool pad_;  ///< else cut
  std::vector<double> mean_, deviation_;
};

}  // namespace ktb
