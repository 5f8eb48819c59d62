#pragma once
#include <cstdint>
#include <span>

#include "core/score/stats.hpp"

/// Two methods on the same test samples. A sample's difference is the number of seeds in which only
/// the first method has it right, less those in which only the second has. Results speak of these
/// trained networks on further samples, not of further seeds.
namespace ktb::core {

/// Exact two-sided McNemar test. With several seeds it flips the sign of every sample's difference:
/// a sample counts once, however many networks saw it. 1 where the two never differ.
double mcnemar(std::span<const std::int64_t> differences);

struct Bootstrap {
  Interval interval;  ///< percentiles, of the mean difference
  double p = 1;       ///< two-sided: twice the smaller share of means on one side of 0, or at 0
};
/// Paired bootstrap over samples, by the exact distribution over all resamples: no random numbers.
/// Throws Error where there is no sample.
Bootstrap paired_bootstrap(std::span<const std::int64_t> differences, double level = 0.95);

}  // namespace ktb::core
