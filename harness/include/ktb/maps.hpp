#pragma once
#include <string>
#include <utility>
#include <vector>

#include "ktb/pairing.hpp"

// Feature maps [B, c, h, w] of two networks side by side, for methods that compare stage by stage.

namespace ktb {

/// [c, h, w] of one example.
using MapShape = std::vector<std::int64_t>;

/// The maps of target and source that belong together, by their place among the features: stage by
/// stage from the first behind the stem (place 1) to the last that both have.
struct KTB_API MapPairs {
  explicit MapPairs(const Pairing& pairing);
  std::vector<std::size_t> places;  ///< the same place in both
  std::vector<MapShape> target, source;
};

/// Why target and first source have no maps to compare stage by stage, or "".
KTB_API std::string unlike_maps(const Pairing& pairing);

/// Their last features, whatever the number of stages, are [c, h, w]; or why not.
KTB_API std::string unlike_last_maps(const Pairing& pairing);

/// Both maps, the larger averaged over windows to the height and width of the smaller.
KTB_API std::pair<Tensor, Tensor> equal_size(const Tensor& a, const Tensor& b);

/// [B, c, h, w] or [B, n, d] averaged over positions, [B, c]; [B, d] as it is.
KTB_API Tensor averaged(const Tensor& feature);

/// x / ||x|| along an axis; `eps` is the least norm (0: none, and a row of zeros gives NaN).
KTB_API Tensor unit(const Tensor& x, std::int64_t axis = 1, double eps = 1e-12);

}  // namespace ktb
