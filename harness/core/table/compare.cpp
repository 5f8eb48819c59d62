#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

#include "core/score/metrics.hpp"
#include "core/score/paired_samples.hpp"
#include "core/score/stats.hpp"
#include "core/table/parts.hpp"

namespace ktb::core {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

/// Values of the seeds that both have.
struct Pairs {
  std::vector<double> a, b;
};

Pairs pairs_of(const Entry& a, const Entry& b) {
  Pairs pairs;
  for (const auto& [seed, value] : a.values) {
    const auto other = b.values.find(seed);
    if (other == b.values.end()) continue;
    pairs.a.push_back(value);
    pairs.b.push_back(other->second);
  }
  return pairs;
}

Effect effect_of(const Pairs& pairs) {
  const EffectSize found = cohen_dz(pairs.a, pairs.b);
  return {found.d, found.interval.low, found.interval.high};
}

/// Whether it is the metric's value that these samples make.
bool is_share(double value, const std::vector<bool>& right) {
  const auto count = static_cast<double>(std::count(right.begin(), right.end(), true));
  return !right.empty() && std::abs(value * static_cast<double>(right.size()) - count) < 0.5;
}

/// The samples of one seed's trial; null where the metric does not count them.
const std::vector<bool>* samples_of(const TableInput& input, const Contestant& one,
                                    std::uint64_t seed) {
  const auto trial = one.entry->trials.find(seed);
  if (trial == one.entry->trials.end()) return nullptr;
  const auto found = input.outcomes.samples.find(trial->second);
  const double value = one.entry->values.at(seed) / metric_info(one.metric).scale;
  const bool counted = found != input.outcomes.samples.end() && is_share(value, found->second);
  return counted ? &found->second : nullptr;
}

/// Of each sample, seeds in which only the first has it right less those in which only the second
/// has; empty where one of them has no samples to count.
std::vector<std::int64_t> sample_differences(const TableInput& input, const Contestant& first,
                                             const Contestant& second) {
  std::vector<std::int64_t> all;
  for (const auto& [seed, value] : first.entry->values) {
    if (!second.entry->values.contains(seed)) continue;
    const auto* a = samples_of(input, first, seed);
    const auto* b = samples_of(input, second, seed);
    if (a == nullptr || b == nullptr || a->size() != b->size()) return {};
    if (all.empty()) all.resize(a->size());
    if (all.size() != a->size()) return {};
    for (std::size_t i = 0; i < all.size(); ++i) all[i] += int{(*a)[i]} - int{(*b)[i]};
  }
  return all;
}

bool both_complete(const Contestant& first, const Contestant& second) {
  return first.entry->state == State::kComplete && second.entry->state == State::kComplete;
}

/// Puts the interval of a bootstrap in the place of that over seeds.
void resample(const std::vector<std::int64_t>& samples, double scale, Difference& difference) {
  difference.low = difference.high = kNan;
  if (samples.empty()) return;
  const Bootstrap found = paired_bootstrap(samples);
  const double unit = scale / static_cast<double>(difference.pairs);
  difference.low = unit * found.interval.low;
  difference.high = unit * found.interval.high;
  difference.p = found.p;
}

}  // namespace

std::vector<Contestant> contestants(Table& table) {
  std::vector<Contestant> all;
  for (Row& row : table.rows) {
    if (!row.is_method()) continue;
    for (std::size_t i = 0; i < row.entries.size(); ++i) {
      const Column& column = table.columns[i];
      const bool compared = column.kind == ColumnKind::kCells || column.kind == ColumnKind::kMean;
      if (!compared || row.entries[i].values.empty()) continue;
      Axes at = row.axes;
      at.insert(column.axes.begin(), column.axes.end());
      all.push_back({&row.entries[i], at, column.metric, column.kind == ColumnKind::kMean});
    }
  }
  return all;
}

std::optional<Difference> difference_between(const TableInput& input, const Contestant& first,
                                             const Contestant& second) {
  const Pairs pairs = pairs_of(*first.entry, *second.entry);
  if (pairs.a.empty()) return std::nullopt;
  const PairedT t = paired_t(pairs.a, pairs.b);
  Difference made{t.difference, t.interval.low, t.interval.high, pairs.a.size(), kNan, kNan, {}};
  if (!input.spec.effect.empty()) made.effect = effect_of(pairs);
  if (input.spec.counts_samples()) {
    const auto samples = sample_differences(input, first, second);
    if (input.spec.test == "bootstrap") {
      resample(samples, metric_info(first.metric).scale, made);
    } else if (!samples.empty()) {
      made.p = mcnemar(samples);
    }
  }
  if (!both_complete(first, second)) made.p = kNan;
  return made;
}

std::optional<Difference> tested_difference(const TableInput& input, const Contestant& first,
                                            const Contestant& second) {
  std::optional<Difference> made = difference_between(input, first, second);
  if (!made || input.spec.counts_samples() || !both_complete(first, second)) return made;
  const Pairs pairs = pairs_of(*first.entry, *second.entry);
  if (pairs.a.size() > 1) made->p = wilcoxon(pairs.a, pairs.b).p;
  return made;
}

bool can_be_tested(const TableInput& input, const Contestant& one) {
  if (one.entry->state != State::kComplete) return false;
  const auto& values = one.entry->values;
  if (!input.spec.counts_samples()) return values.size() > 1;
  return std::all_of(values.begin(), values.end(), [&](const auto& value) {
    return samples_of(input, one, value.first) != nullptr;
  });
}

bool told_apart(const TableInput& input, const Difference& difference) {
  if (input.spec.test == "mcnemar") return difference.p <= kAlpha;
  return difference.low > 0 || difference.high < 0;
}

}  // namespace ktb::core
