#pragma once
#include <array>
#include <cstdint>
#include <span>
#include <vector>

/// Small-sample statistics. Degenerate input gives what is said at each function, never an
/// exception; only unequal lengths and empty samples throw Error. Values that only rounding keeps
/// apart (1e-9 of the largest) count as equal.
namespace ktb::core {

double t_quantile(double p, double df);
double normal_quantile(double p);
double chi2_quantile(double p, double df);

struct Interval {
  double low = 0, high = 0;
  bool contains(double value) const { return low <= value && value <= high; }
};

double mean(std::span<const double> x);
double sample_sd(std::span<const double> x);       ///< n - 1 in the denominator; NaN for one value
double standard_error(std::span<const double> x);  ///< sd / sqrt(n); NaN for one value
Interval t_interval(std::span<const double> x, double level = 0.95);  ///< NaN for one value

struct PairedT {
  double difference = 0;  ///< mean of a - b
  double t = 0, df = 0;   ///< t: NaN where all differences are 0, infinite where all are equal
  double p = 0;           ///< two-sided; NaN for one pair and where all differences are 0
  Interval interval;      ///< of the mean difference; NaN for one pair
};
PairedT paired_t(std::span<const double> a, std::span<const double> b, double level = 0.95);

struct EffectSize {
  double d = 0;       ///< mean of a - b over its standard deviation: NaN, infinite as t is
  Interval interval;  ///< NaN where d is not finite
};
/// Cohen's d_z. Its interval inverts the noncentral t distribution: exact for normal differences
/// however few they are, where a bootstrap over three or five seeds is far too narrow.
EffectSize cohen_dz(std::span<const double> a, std::span<const double> b, double level = 0.95);

/// Of more pairs nobody sees how the exact distribution differs from the normal one, and to compute
/// it takes the cube of their number. SciPy draws the line there, too.
inline constexpr std::size_t kMostExactPairs = 50;

struct SignedRank {
  double w_plus = 0;
  /// Midranks, zeros dropped; over all patterns of signs up to `kMostExactPairs` pairs, else by the
  /// normal distribution, ties corrected; 1 where nothing is left.
  double p = 1;
};
SignedRank wilcoxon(std::span<const double> a, std::span<const double> b);
/// The smallest two-sided p that n pairs can give the exact signed-rank test.
double wilcoxon_floor(std::size_t n);

/// Two predictors on the same samples: both right, only the first, only the second, both wrong.
using Agreement = std::array<std::int64_t, 4>;
double mcnemar_exact(const Agreement& table);
double mcnemar_mid_p(const Agreement& table);  ///< 1 where the two never disagree
/// By the chi-square distribution, `corrected` for continuity; NaN where the two never disagree.
double mcnemar_chi2(const Agreement& table, bool corrected);

// Adjusted p values in the order of the input, at most 1.
std::vector<double> holm(std::span<const double> p);
std::vector<double> bonferroni(std::span<const double> p);
std::vector<double> benjamini_hochberg(std::span<const double> p);

struct MannWhitney {
  double u = 0;  ///< pairs in which a is higher, ties half
  double p = 1;  ///< two-sided, over all ways to draw a from the pool of both, midranks
};
MannWhitney mann_whitney(std::span<const double> a, std::span<const double> b);

struct Friedman {
  std::vector<double> average_rank;  ///< of each column; rank 1 is the highest score
  double chi2 = 0, p = 0;            ///< tie-corrected; NaN where all scores of every row are tied
  double f = 0, f_p = 0;             ///< Iman-Davenport; infinite and 0 for perfect agreement
};
/// Rows are data sets, columns methods.
Friedman friedman(const std::vector<std::vector<double>>& scores);
/// Quantile of the studentised range (infinite df) for k methods, over sqrt 2.
double nemenyi_q(std::size_t methods, double alpha);
/// Average ranks further apart than this differ.
double critical_difference(std::size_t methods, std::size_t data_sets, double alpha);

}  // namespace ktb::core
