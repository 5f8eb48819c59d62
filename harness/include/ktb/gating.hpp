#pragma once
#include <torch/nn/module.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/pimpl.h>

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "ktb/model.hpp"

// Sparse routes through a hub of m models: which k of them an input takes, and how much each
// counts.

namespace ktb {

/// A choice of k of m for each of B inputs.
struct Gating {
  Tensor logits;   ///< [B, m] as they came, noise included
  Tensor weights;  ///< [B, m] their softmax
  Tensor gates;    ///< [B, m] the k largest weights of a row, 0 elsewhere
  Tensor chosen;   ///< [B, k] int64, which those are
};

/// Top-k gating: Shazeer et al., arXiv 1701.06538. The gates of a row are divided by their sum plus
/// `epsilon`, if they are to be renormalised. The choice itself has no gradient.
KTB_API Gating top_k_gating(const Tensor& logits, std::int64_t k, bool renormalise = true,
                            double epsilon = 0);

/// [m]: how many inputs each is expected to get if the noise were drawn again, a sum of
/// probabilities that carries a gradient. `clean` [B, m] are the logits without noise, `deviation`
/// [B, m] that of the noise. With `coded`, thresholds are weights instead of logits, a slip of
/// davidmrau/mixture-of-experts, to be held against it. Without noise, or where all are chosen, it
/// is the count.
KTB_API Tensor expected_load(const Gating& gating, const Tensor& clean, const Tensor& deviation,
                             bool coded = false);

/// The square of the coefficient of variation, 0 where all are equal: var / (mean^2 + epsilon).
KTB_API Tensor squared_variation(const Tensor& values, double epsilon = 1e-10);

/// [B]: -sum p log p of each row of [B, m], or of one [m].
KTB_API Tensor entropy(const Tensor& weights);

/// For each of `members` the inputs [R] that chose it, ascending.
KTB_API std::vector<Tensor> rows_by_member(const Tensor& chosen, std::int64_t members);

/// The trunk's output for these rows alone, whose statistics its batch normalisation sees. A single
/// row has none, so there it is in evaluation mode.
KTB_API Output trunk_of_rows(Model& model, const Batch& batch, const Tensor& rows);

/// A light network that says for each input how much each member of a hub suits it. Pictures and
/// the like pass four 3x3 convolutions of stride 2, after they were shrunk to at most `side`;
/// ids are embedded and averaged; numbers pass one linear layer. Several inputs are added up. Both
/// last layers start at 0, so all members are equally likely.
class KTB_API PathwayGeneratorImpl : public torch::nn::Module {
 public:
  PathwayGeneratorImpl(const std::vector<InputSpec>& inputs, std::int64_t members,
                       std::int64_t side);
  /// Logits, and the deviation of their noise before softplus; [B, m] each.
  std::pair<Tensor, Tensor> forward(const Batch& batch);

 private:
  std::vector<InputSpec> inputs_;
  std::vector<std::shared_ptr<torch::nn::Module>> eyes_;
  torch::nn::Linear clean_{nullptr}, noise_{nullptr};
};
TORCH_MODULE(PathwayGenerator);

}  // namespace ktb
