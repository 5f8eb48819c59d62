#pragma once
#include <cstdint>
#include <vector>

#include "ktb/task.hpp"

// Sparse routes: which k of m members an input takes, and how much each of them counts. Shazeer et
// al., arXiv 1701.06538.

namespace ktb::hub_pathway {

struct GatingRule {
  std::int64_t k = 1;
  bool renormalise = true;  ///< the gates of an input are divided by their sum plus epsilon
  double epsilon = 0;
  double least_deviation = 0.01;
  /// Repeats a mistake of davidmrau/mixture-of-experts, so that results can be compared with its:
  /// the load's thresholds are weights where they should be logits.
  bool coded_load = false;
};

/// The members that B inputs take.
struct Gating {
  Tensor clean, logits;  ///< [B, m] without and with noise
  Tensor deviation;      ///< [B, m] of the noise; undefined: there is none
  Tensor weights;        ///< [B, m] softmax of the logits
  Tensor gates;          ///< [B, m] the k largest weights, 0 elsewhere
  Tensor chosen;         ///< [B, k] int64, which those are
  GatingRule rule;

  Tensor importance() const { return gates.sum(0); }  ///< [m]
  /// [m]: how many inputs each member would get if the noise were drawn again, a sum of
  /// probabilities with a gradient; without noise, or where all are chosen, the count.
  Tensor load() const;
};

/// The choice has no gradient, the gates have one. `noise` [B, m] is standard normal and is scaled
/// by softplus of `spread` [B, m]; undefined: none.
Gating top_k_gating(const Tensor& clean, const Tensor& spread, const Tensor& noise,
                    const GatingRule& rule);

/// The square of the coefficient of variation: 0 where all values are equal.
Tensor squared_variation(const Tensor& values, double epsilon = 1e-10);

/// -sum p log p over the last axis.
Tensor entropy(const Tensor& weights);

/// For each member the inputs [R] that chose it, ascending. How many those are a GPU's host has to
/// wait for, once for all members, unless every input chose all of them: then running all on
/// everything costs no operation more. With fewer it would cost members / k times as many, and
/// batch normalisation would see inputs that are none of a member's.
std::vector<Tensor> rows_by_member(const Tensor& chosen, std::int64_t members);

}  // namespace ktb::hub_pathway
