#pragma once
#include <cstdint>
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

  /// `images` [B, h, w, c] contiguous, uint8, or float in [0, 1]; float where something was
  /// rotated. A pure function of images, axis, seed and step.
  Tensor operator()(Tensor images, const std::string& axis, std::uint64_t seed,
                    std::int64_t step) const;

 private:
  std::vector<std::string> words_;
};

}  // namespace ktb::run
