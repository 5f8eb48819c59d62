#pragma once
#include <string>
#include <vector>

#include "core/store/store.hpp"

namespace ktb::core {

/// How far two runs of one trial agree.
enum class Agreement {
  kIdentical,  ///< in everything but times, machine and names
  kEqual,      ///< no number is further from its like than the tolerance
  kDifferent,
  kNoResult  ///< neither run came to one
};

/// How the warning of a record ends that no second run needs to repeat, not even on the same GPU.
inline constexpr auto kNotRepeatable = ": a second run may give other last digits";

/// Numbers a and b are |a - b| / max(1, |a|, |b|) apart.
inline constexpr double kTolerance = 1e-6;

struct Comparison {
  Agreement agreement = Agreement::kIdentical;
  double distance = 0;                   ///< of the two numbers furthest apart
  std::vector<std::string> differences;  ///< beyond the tolerance, `metrics.top1: 0.5 -> 0.6`
  /// In what the two runs differ that can explain it: `threads: 1 -> 2`. Machine, library, threads,
  /// plugin, data, build, as far as both records tell.
  std::vector<std::string> causes;
};

/// One trial in two folders of results, each with a record of it: record, curve, samples, pictures,
/// and confusions and weights where both kept them.
Comparison compare(const Store& first, const std::string& id, const Store& second,
                   const std::string& other, double tolerance = kTolerance);

}  // namespace ktb::core
