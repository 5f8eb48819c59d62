#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "ktb/task.hpp"

namespace ktb::run {

/// Images in [0, 1]: bytes are divided by 255, floats are taken as they are.
Tensor to_unit(const Tensor& images);

/// Random changes of images, a whole batch at once on its device: `crop4` (zero padding of 4,
/// random crop of the old size), `flip` (left to right, every second image), `rotate15` (up to 15
/// degrees either way about the centre, bilinear, zeros outside). They are done in the order given.
class Augment {
 public:
  /// Throws Error that names the known words.
  explicit Augment(std::vector<std::string> words);
  bool empty() const { return words_.empty(); }

  /// Which random stream a data set of a trial has.
  struct Stream {
    std::string axis;
    std::uint64_t seed = 0;
  };

  /// `images` [B, h, w, c] contiguous, uint8, or float in [0, 1]; float where something was
  /// rotated. A pure function of images, stream and step.
  Tensor operator()(Tensor images, const Stream& stream, std::int64_t step) const;

  /// Draws the numbers of some steps ahead, `rows[i]` images in step `first` + i, and sends them to
  /// the device in one copy that nobody waits for.
  void ahead(const Stream& stream, std::int64_t first, const std::vector<std::int64_t>& rows,
             at::Device device);

 private:
  Tensor numbers(const std::string& word, const Stream& stream, std::int64_t step,
                 std::int64_t rows) const;

  std::vector<std::string> words_;
  std::map<std::pair<std::string, std::int64_t>, Tensor> ahead_;  ///< by word and step
};

}  // namespace ktb::run
