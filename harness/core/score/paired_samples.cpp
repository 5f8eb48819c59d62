#include "core/score/paired_samples.hpp"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <vector>

#include "core/base/error.hpp"

namespace ktb::core {
namespace {

/// Probabilities of the whole numbers from `low` on.
struct Distribution {
  std::int64_t low = 0;
  std::vector<double> p{1.0};
};

/// Ends below this are cut off: they change no digit of a p value above 1e-16.
constexpr double kNegligible = 1e-30;

void trim(Distribution& all) {
  const auto counts = [](double p) { return p >= kNegligible; };
  const auto first = std::find_if(all.p.begin(), all.p.end(), counts);
  const auto last = std::find_if(all.p.rbegin(), all.p.rend(), counts).base();
  all.low += first - all.p.begin();
  all.p = std::vector<double>(first, last);
}

/// Of the sum of two independent numbers.
Distribution sum(const Distribution& a, const Distribution& b) {
  Distribution all{a.low + b.low, std::vector<double>(a.p.size() + b.p.size() - 1)};
  for (std::size_t i = 0; i < a.p.size(); ++i) {
    if (a.p[i] == 0) continue;
    for (std::size_t j = 0; j < b.p.size(); ++j) all.p[i + j] += a.p[i] * b.p[j];
  }
  trim(all);
  return all;
}

/// Of the sum of `count` numbers of one distribution.
Distribution sum_of(Distribution one, std::size_t count) {
  Distribution all;
  for (; count > 0; count /= 2) {
    if (count % 2 == 1) all = sum(all, one);
    if (count > 1) one = sum(one, one);
  }
  return all;
}

/// Either sign of `size`, each as likely.
Distribution either_sign(std::int64_t size) {
  Distribution both{-size, std::vector<double>(static_cast<std::size_t>(2 * size + 1))};
  both.p.front() = both.p.back() = 0.5;
  return both;
}

Distribution distribution_of(std::span<const std::int64_t> values) {
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  Distribution all{*low, std::vector<double>(static_cast<std::size_t>(*high - *low + 1))};
  for (const std::int64_t value : values) all.p[static_cast<std::size_t>(value - *low)] += 1;
  for (double& p : all.p) p /= static_cast<double>(values.size());
  return all;
}

/// The least number that this share of the distribution does not exceed.
std::int64_t quantile(const Distribution& all, double share) {
  double below = 0;
  for (std::size_t i = 0; i < all.p.size(); ++i) {
    below += all.p[i];
    if (below >= share) return all.low + static_cast<std::int64_t>(i);
  }
  return all.low + std::ssize(all.p) - 1;
}

template <class Counts>
double share(const Distribution& all, Counts&& counts) {
  double sum = 0;
  for (std::size_t i = 0; i < all.p.size(); ++i)
    if (counts(all.low + static_cast<std::int64_t>(i))) sum += all.p[i];
  return sum;
}

}  // namespace

double mcnemar(std::span<const std::int64_t> differences) {
  std::map<std::int64_t, std::size_t> sizes;
  std::int64_t seen = 0;
  for (const std::int64_t difference : differences) {
    seen += difference;
    if (difference != 0) ++sizes[std::abs(difference)];
  }
  Distribution all;
  for (const auto& [size, count] : sizes) all = sum(all, sum_of(either_sign(size), count));
  return std::min(1.0,
                  share(all, [&](std::int64_t one) { return std::abs(one) >= std::abs(seen); }));
}

Bootstrap paired_bootstrap(std::span<const std::int64_t> differences, double level) {
  if (differences.empty()) throw Error("a bootstrap needs at least one sample");
  const Distribution all = sum_of(distribution_of(differences), differences.size());
  const auto count = static_cast<double>(differences.size());
  const auto at = [&](double share) { return static_cast<double>(quantile(all, share)) / count; };
  const double below = share(all, [](std::int64_t one) { return one <= 0; });
  const double above = share(all, [](std::int64_t one) { return one >= 0; });
  return {{at(0.5 - level / 2), at(0.5 + level / 2)}, std::min(1.0, 2 * std::min(below, above))};
}

}  // namespace ktb::core
