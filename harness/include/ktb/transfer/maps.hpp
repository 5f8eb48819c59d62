#pragma once
#include <string>
#include <utility>
#include <vector>

#include "ktb/model.hpp"
#include "ktb/pairing.hpp"

// Feature maps [B, c, h, w] of two networks side by side, for methods that compare stage by stage.

namespace ktb {

/// [c, h, w] of one example.
using MapShape = std::vector<std::int64_t>;

/// The maps of target and source that belong together, by their place among the features: stage by
/// stage from the first behind the stem (place 1) to the last that both have.
struct KTB_API MapPairs {
  MapPairs() = default;
  explicit MapPairs(const Pairing& pairing);
  std::vector<std::size_t> places;  ///< the same place in both
  std::vector<MapShape> target, source;
};

/// The map averaged over windows to the height and width of the other, if they differ.
KTB_API Tensor pooled_like(const Tensor& map, const Tensor& other);

/// Both maps, the larger averaged over windows to the height and width of the smaller.
KTB_API std::pair<Tensor, Tensor> equal_size(const Tensor& a, const Tensor& b);

/// Sum of `term(i, target map, source map)` over the stages of `pairs`, at equal sizes.
template <class Term>
Tensor sum_stages(const MapPairs& pairs, const Output& target, const Output& source, Term term) {
  Tensor sum;
  for (std::size_t i = 0; i < pairs.places.size(); ++i) {
    const auto k = pairs.places[i];
    const auto [own, other] = equal_size(target.features.at(k), source.features.at(k));
    const Tensor value = term(i, own, other);
    sum = i == 0 ? value : sum + value;
  }
  return sum;
}

// Means over maps as sums in parts of a count: gradients of LibTorch's own means and losses come in
// another order in memory than maps that lie channels-last, and take two to four times as long.

/// Over all numbers.
KTB_API Tensor mean_of(const Tensor& map);
/// Of the squares of a - b, in float where they are of a shorter type.
KTB_API Tensor mean_square(const Tensor& a, const Tensor& b);
/// Over channels: [B, c, h, w] gives [B, h, w].
KTB_API Tensor channel_mean(const Tensor& map);

/// Why there is no map at that place among a model's features, or "".
KTB_API Reason no_map(const ModelCard& model, std::size_t place);

/// Why target and first source have no maps to compare stage by stage, or "".
KTB_API Reason unlike_maps(const Pairing& pairing);

/// Their last features, whatever the number of stages, are [c, h, w]; or why not.
KTB_API Reason unlike_last_maps(const Pairing& pairing);

/// [B, c, h, w] or [B, n, d] averaged over positions, [B, c]; [B, d] as it is.
KTB_API Tensor averaged(const Tensor& feature);

/// x / ||x|| along an axis; `eps` is the least norm (0: none, and a row of zeros gives NaN).
KTB_API Tensor unit(const Tensor& x, std::int64_t axis = 1, double eps = 1e-12);

}  // namespace ktb
