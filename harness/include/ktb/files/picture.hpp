#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "ktb/files.hpp"
#include "ktb/options.hpp"
#include "ktb/task.hpp"

namespace ktb {

/// The formats that are read, as files are called: .png, .jpg, ...
KTB_API const std::vector<std::string>& picture_endings();

/// Makes images of one shape, uint8 [channels, size, size], from PNG, JPEG, WebP, BMP and PNM files
/// of any size, as the options say that it declares for a data set: `size`, `channels`, `fit`,
/// `exif`, `mean` and `deviation`. What is transparent becomes white; of 16 bits a channel the
/// higher 8 count.
///
/// Sizes change by a triangle filter, twice as wide as the distance between the pixels that it
/// makes, but never narrower than two pixels of the file: bilinear with antialiasing, as PIL's
/// BILINEAR and torchvision's Resize have it. PIL rounds between rows and columns and computes in
/// integers, so its values differ from these, by one of 255 at most.
class KTB_API PictureReader {
 public:
  /// Defaults of these options; the statistics' are ImageNet's.
  PictureReader(Options& options, std::int64_t size, const char* fit, std::int64_t channels = 3);

  /// `image`, in the space `rgb` or `grey`.
  InputSpec input() const;
  /// Everything that decides the values, for keys of caches.
  std::string recipe() const;
  /// `name` is the file, for Error: no picture, cut off, damaged, or larger than a picture may be.
  Tensor decode(const Bytes& bytes, const std::string& name) const;
  /// [N, channels, size, size]: all files, on all threads.
  Tensor load(const std::vector<std::string>& paths) const;
  /// The same of what `read(i)` gives, called on several threads at once.
  Tensor decode_all(std::int64_t n, const std::function<Bytes(std::int64_t)>& read,
                    const std::function<std::string(std::int64_t)>& name) const;

 private:
  std::int64_t size_, channels_;
  bool pad_;   ///< else cut
  bool exif_;  ///< whether pictures are turned as their EXIF says
  std::vector<double> mean_, deviation_;
};

}  // namespace ktb
