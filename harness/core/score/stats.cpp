#include "core/score/stats.hpp"

#include <algorithm>
#include <boost/math/distributions/binomial.hpp>
#include <boost/math/distributions/chi_squared.hpp>
#include <boost/math/distributions/fisher_f.hpp>
#include <boost/math/distributions/non_central_t.hpp>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <boost/math/quadrature/gauss_kronrod.hpp>
#include <boost/math/tools/roots.hpp>
#include <cmath>
#include <cstddef>
#include <limits>
#include <map>
#include <numeric>

#include "core/base/error.hpp"

namespace ktb::core {
namespace {

namespace bm = boost::math;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

double two_sided_t(double t, double df) {
  if (std::isnan(t)) return kNan;
  if (std::isinf(t)) return 0;
  return 2 * bm::cdf(bm::complement(bm::students_t(df), std::abs(t)));
}

/// Scores no further apart than this share of the largest are equal. Most are counts over counts:
/// equal differences of theirs are apart by what rounding left, and unequal ones by far more.
constexpr double kRounding = 1e-9;

double rounding_of(std::span<const double> x) {
  double largest = 0;
  for (const double value : x) largest = std::max(largest, std::abs(value));
  return kRounding * largest;
}

/// Twice the rank of each value among all, 1 the lowest; ties, which are neighbours at most
/// `rounding` apart, share their mean, so twice it is whole.
std::vector<std::int64_t> double_ranks(std::span<const double> x, double rounding) {
  std::vector<std::size_t> order(x.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](auto a, auto b) { return x[a] < x[b]; });
  std::vector<std::int64_t> ranks(x.size());
  for (std::size_t first = 0; first < order.size();) {
    std::size_t last = first + 1;
    while (last < order.size() && x[order[last]] - x[order[last - 1]] <= rounding) ++last;
    for (std::size_t i = first; i < last; ++i) {
      ranks[order[i]] = static_cast<std::int64_t>(first + 1 + last);
    }
    first = last;
  }
  return ranks;
}

/// How much of `counts` (sum -> number of ways) lies at least as far from `centre` as `seen`.
double share_as_far(const std::map<std::int64_t, double>& counts, std::int64_t twice_centre,
                    std::int64_t seen) {
  const std::int64_t distance = std::abs(2 * seen - twice_centre);
  double far = 0, all = 0;
  for (const auto& [sum, count] : counts) {
    all += count;
    if (std::abs(2 * sum - twice_centre) >= distance) far += count;
  }
  return far / all;
}

/// Over all patterns of signs. Counts of them are whole and below 2^50, so no sum of them rounds.
double exact_signed_rank(std::span<const std::int64_t> ranks, std::int64_t seen) {
  const std::int64_t all = std::accumulate(ranks.begin(), ranks.end(), std::int64_t{0});
  std::vector<double> ways(static_cast<std::size_t>(all + 1));  // by the sum of positive ranks
  ways[0] = 1;
  std::int64_t highest = 0;
  for (const std::int64_t rank : ranks) {
    highest += rank;
    for (std::int64_t sum = highest; sum >= rank; --sum)
      ways[static_cast<std::size_t>(sum)] += ways[static_cast<std::size_t>(sum - rank)];
  }
  const std::int64_t distance = std::abs(2 * seen - all);
  double far = 0;
  for (std::int64_t sum = 0; sum <= all; ++sum)
    if (std::abs(2 * sum - all) >= distance) far += ways[static_cast<std::size_t>(sum)];
  return std::ldexp(far, -static_cast<int>(ranks.size()));
}

/// By the normal distribution of the sum's mean and variance, ties included; no correction for
/// continuity. This is SciPy's `asymptotic`.
double normal_signed_rank(std::span<const std::int64_t> ranks, std::int64_t seen) {
  double squares = 0;
  for (const std::int64_t rank : ranks)
    squares += static_cast<double>(rank) * static_cast<double>(rank);
  const std::int64_t all = std::accumulate(ranks.begin(), ranks.end(), std::int64_t{0});
  // of twice the sum: each rank is there or not, so its variance is a quarter of its square
  const double z = static_cast<double>(std::abs(2 * seen - all)) / std::sqrt(squares);
  return 2 * bm::cdf(bm::complement(bm::normal(), z));
}

double binomial_two_sided(std::size_t low, std::size_t n) {
  if (n == 0) return 1;
  const bm::binomial_distribution<> half(static_cast<double>(n), 0.5);
  return std::min(1.0, 2 * bm::cdf(half, static_cast<double>(low)));
}

std::vector<std::size_t> ascending(std::span<const double> p) {
  std::vector<std::size_t> order(p.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return p[a] < p[b]; });
  return order;
}

void require_same_length(std::size_t a, std::size_t b) {
  if (a != b || a == 0) {
    throw Error("paired samples need one length of at least 1; found " + std::to_string(a) +
                " and " + std::to_string(b));
  }
}

/// Probability that the range of k standard normal values is at most q.
double range_cdf(double q, std::size_t k) {
  const bm::normal normal;
  const auto density = [&](double z) {
    const double inside = bm::cdf(normal, z) - bm::cdf(normal, z - q);
    return bm::pdf(normal, z) * std::pow(inside, static_cast<double>(k - 1));
  };
  using Rule = bm::quadrature::gauss_kronrod<double, 61>;
  return static_cast<double>(k) * Rule::integrate(density, -9.0, 9.0 + q, 12, 1e-12);
}

/// Beyond this t the limits of its noncentrality are a share of it, to 1e-6.
constexpr double kFarT = 1000;

/// The noncentrality with which t or less has probability p.
double noncentrality(double t, double df, double p) {
  const double near = std::clamp(t, -kFarT, kFarT);
  const auto excess = [&](double delta) { return p - bm::cdf(bm::non_central_t(df, delta), near); };
  double low = near - 1, high = near + 1;
  for (double width = 1; excess(low) > 0; width *= 2) low -= width;
  for (double width = 1; excess(high) < 0; width *= 2) high += width;
  boost::uintmax_t rounds = 100;
  const auto bracket =
      bm::tools::toms748_solve(excess, low, high, bm::tools::eps_tolerance<double>(48), rounds);
  const double found = (bracket.first + bracket.second) / 2;
  return near == t ? found : found * (t / near);
}

}  // namespace

double t_quantile(double p, double df) { return bm::quantile(bm::students_t(df), p); }

double normal_quantile(double p) { return bm::quantile(bm::normal(), p); }

double chi2_quantile(double p, double df) { return bm::quantile(bm::chi_squared(df), p); }

double mean(std::span<const double> x) {
  if (x.empty()) throw Error("mean of no values");
  return std::accumulate(x.begin(), x.end(), 0.0) / static_cast<double>(x.size());
}

double sample_sd(std::span<const double> x) {
  if (x.size() < 2) return kNan;
  const double centre = mean(x);
  double sum = 0;
  for (const double value : x) sum += (value - centre) * (value - centre);
  return std::sqrt(sum / static_cast<double>(x.size() - 1));
}

double standard_error(std::span<const double> x) {
  return sample_sd(x) / std::sqrt(static_cast<double>(x.size()));
}

Interval t_interval(std::span<const double> x, double level) {
  const double centre = mean(x);
  if (x.size() < 2) return {kNan, kNan};
  const double half =
      t_quantile(0.5 + level / 2, static_cast<double>(x.size() - 1)) * standard_error(x);
  return {centre - half, centre + half};
}

PairedT paired_t(std::span<const double> a, std::span<const double> b, double level) {
  require_same_length(a.size(), b.size());
  std::vector<double> difference(a.size());
  for (std::size_t i = 0; i < a.size(); ++i) difference[i] = a[i] - b[i];
  PairedT result;
  result.difference = mean(difference);
  result.df = static_cast<double>(a.size() - 1);
  result.interval = t_interval(difference, level);
  if (a.size() < 2) {
    result.t = result.p = kNan;
    return result;
  }
  const double rounding = std::max(rounding_of(a), rounding_of(b));
  const auto none = [&](double value) { return std::abs(value) <= rounding; };
  const double se = standard_error(difference);
  if (none(se) && none(result.difference)) {
    result.difference = 0;
    result.interval = {0, 0};
  }
  const double constant =
      none(result.difference) ? kNan : std::copysign(kInfinity, result.difference);
  result.t = none(se) ? constant : result.difference / se;
  result.p = two_sided_t(result.t, result.df);
  return result;
}

EffectSize cohen_dz(std::span<const double> a, std::span<const double> b, double level) {
  const PairedT test = paired_t(a, b);
  const double root = std::sqrt(static_cast<double>(a.size()));
  EffectSize effect{test.t / root, {kNan, kNan}};
  if (!std::isfinite(test.t)) return effect;
  effect.interval.low = noncentrality(test.t, test.df, 0.5 + level / 2) / root;
  effect.interval.high = noncentrality(test.t, test.df, 0.5 - level / 2) / root;
  return effect;
}

SignedRank wilcoxon(std::span<const double> a, std::span<const double> b) {
  require_same_length(a.size(), b.size());
  const double rounding = std::max(rounding_of(a), rounding_of(b));
  std::vector<double> size;
  std::vector<bool> positive;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double difference = a[i] - b[i];
    if (std::abs(difference) <= rounding) continue;
    size.push_back(std::abs(difference));
    positive.push_back(difference > 0);
  }
  if (size.empty()) return {};
  const std::vector<std::int64_t> ranks = double_ranks(size, rounding);
  std::int64_t seen = 0;
  for (std::size_t i = 0; i < ranks.size(); ++i)
    if (positive[i]) seen += ranks[i];
  const bool exact = ranks.size() <= kMostExactPairs;
  return {static_cast<double>(seen) / 2,
          exact ? exact_signed_rank(ranks, seen) : normal_signed_rank(ranks, seen)};
}

double wilcoxon_floor(std::size_t n) {
  return std::min(1.0, std::ldexp(2.0, -static_cast<int>(n)));
}

double mcnemar_exact(const Agreement& table) {
  return binomial_two_sided(static_cast<std::size_t>(std::min(table[1], table[2])),
                            static_cast<std::size_t>(table[1] + table[2]));
}

double mcnemar_mid_p(const Agreement& table) {
  const std::int64_t n = table[1] + table[2];
  if (n == 0) return 1;
  const bm::binomial_distribution<> half(static_cast<double>(n), 0.5);
  const auto low = static_cast<double>(std::min(table[1], table[2]));
  return std::min(1.0, 2 * bm::cdf(half, low) - bm::pdf(half, low));
}

double mcnemar_chi2(const Agreement& table, bool corrected) {
  const auto all = static_cast<double>(table[1] + table[2]);
  if (all == 0) return kNan;
  const auto apart = static_cast<double>(std::abs(table[1] - table[2]));
  const double distance = corrected ? std::abs(apart - 1) : apart;
  return bm::cdf(bm::complement(bm::chi_squared(1), distance * distance / all));
}

std::vector<double> bonferroni(std::span<const double> p) {
  std::vector<double> adjusted;
  for (const double one : p) adjusted.push_back(std::min(1.0, one * static_cast<double>(p.size())));
  return adjusted;
}

std::vector<double> benjamini_hochberg(std::span<const double> p) {
  std::vector<double> adjusted(p.size());
  const auto order = ascending(p);
  double lowest = 1;
  for (std::size_t rank = p.size(); rank > 0; --rank) {
    const std::size_t i = order[rank - 1];
    lowest = std::min(lowest, p[i] * static_cast<double>(p.size()) / static_cast<double>(rank));
    adjusted[i] = lowest;
  }
  return adjusted;
}

MannWhitney mann_whitney(std::span<const double> a, std::span<const double> b) {
  if (a.empty() || b.empty()) throw Error("a test of two samples needs a value in each");
  std::vector<double> pool(a.begin(), a.end());
  pool.insert(pool.end(), b.begin(), b.end());
  const std::vector<std::int64_t> ranks = double_ranks(pool, rounding_of(pool));
  // by how many ranks were drawn: sum -> number of ways
  std::vector<std::map<std::int64_t, double>> drawn(a.size() + 1);
  drawn[0][0] = 1;
  for (const std::int64_t rank : ranks)
    for (std::size_t count = a.size(); count > 0; --count)
      for (const auto& [sum, ways] : drawn[count - 1]) drawn[count][sum + rank] += ways;
  const std::int64_t seen = std::accumulate(ranks.begin(), ranks.begin() + std::ssize(a), 0L);
  const std::int64_t least = std::ssize(a) * (std::ssize(a) + 1);
  const std::int64_t twice_centre = std::ssize(a) * (std::ssize(pool) + 1) * 2;
  return {static_cast<double>(seen - least) / 2, share_as_far(drawn[a.size()], twice_centre, seen)};
}

std::vector<double> holm(std::span<const double> p) {
  std::vector<double> adjusted(p.size());
  double highest = 0;
  std::size_t left = p.size();
  for (const std::size_t i : ascending(p)) {
    highest = std::max(highest, std::min(1.0, p[i] * static_cast<double>(left--)));
    adjusted[i] = highest;
  }
  return adjusted;
}

Friedman friedman(const std::vector<std::vector<double>>& scores) {
  if (scores.empty() || scores[0].size() < 2) {
    throw Error("Friedman's test needs a data set and two methods");
  }
  const auto rows = static_cast<double>(scores.size());
  const auto k = static_cast<double>(scores[0].size());
  Friedman result;
  result.average_rank.resize(scores[0].size());
  double ties = 0;
  for (const std::vector<double>& row : scores) {
    require_same_length(row.size(), scores[0].size());
    std::map<std::int64_t, double> equal;
    const std::vector<std::int64_t> ranks = double_ranks(row, rounding_of(row));
    for (std::size_t i = 0; i < row.size(); ++i) {
      result.average_rank[i] += k + 1 - static_cast<double>(ranks[i]) / 2;
      ++equal[ranks[i]];
    }
    for (const auto& [rank, t] : equal) ties += t * (t * t - 1);
  }
  double squares = 0;
  for (double& rank : result.average_rank) {
    squares += rank * rank;
    rank /= rows;
  }
  const double correction = 1 - ties / (k * (k * k - 1) * rows);
  const double plain = 12 / (k * rows * (k + 1)) * squares - 3 * rows * (k + 1);
  if (correction <= 0) {
    result.chi2 = result.p = result.f = result.f_p = kNan;
    return result;
  }
  result.chi2 = std::max(0.0, plain / correction);
  result.p = bm::cdf(bm::complement(bm::chi_squared(k - 1), result.chi2));
  const double rest = rows * (k - 1) - result.chi2;
  const bool perfect = rest <= 1e-9 * rows * (k - 1);
  result.f = perfect ? kInfinity : (rows - 1) * result.chi2 / rest;
  const bool tested = !perfect && rows > 1;
  result.f_p =
      tested ? bm::cdf(bm::complement(bm::fisher_f(k - 1, (k - 1) * (rows - 1)), result.f)) : 0;
  return result;
}

double nemenyi_q(std::size_t methods, double alpha) {
  const auto excess = [&](double q) { return range_cdf(q, methods) - (1 - alpha); };
  boost::uintmax_t rounds = 100;
  const auto bracket =
      bm::tools::toms748_solve(excess, 1e-6, 60.0, bm::tools::eps_tolerance<double>(40), rounds);
  return (bracket.first + bracket.second) / 2 / std::sqrt(2.0);
}

double critical_difference(std::size_t methods, std::size_t data_sets, double alpha) {
  const auto k = static_cast<double>(methods);
  return nemenyi_q(methods, alpha) * std::sqrt(k * (k + 1) / (6 * static_cast<double>(data_sets)));
}

}  // namespace ktb::core
