#include "core/score/stats.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <iterator>
#include <string>

#include "core/base/error.hpp"
#include "core/base/weights/safetensors.hpp"

namespace ktb::core {
namespace {

const std::filesystem::path kVectors =
    std::filesystem::path(KTB_SOURCE_DIR) / "tests/vectors/stats";

void expect_near(double found, double wanted, const std::string& what) {
  if (std::isnan(wanted) || std::isinf(wanted)) {
    EXPECT_EQ(std::isnan(found), std::isnan(wanted)) << what;
    if (std::isinf(wanted)) {
      EXPECT_EQ(found, wanted) << what;
    }
    return;
  }
  EXPECT_NEAR(found, wanted, 1e-10 + 1e-6 * std::abs(wanted)) << what;
}

/// The numbered groups of one reference file.
class Cases {
 public:
  explicit Cases(const std::string& name)
      : file_(read_safetensors(kVectors / (name + ".safetensors"))) {}
  bool has(int group, const std::string& name) const {
    return file_.tensors.count(path("in", group, name)) > 0;
  }
  std::vector<double> in(int group, const std::string& name) const {
    return file_.at(path("in", group, name)).real;
  }
  std::vector<double> out(int group, const std::string& name) const {
    return file_.at(path("out", group, name)).real;
  }
  void expect(int group, const std::string& name, double found) const {
    expect_near(found, file_.at(path("out", group, name)).number(), path("out", group, name));
  }
  const SafetensorsFile& file() const { return file_; }

 private:
  static std::string path(const std::string& side, int group, const std::string& name) {
    return side + "." + std::to_string(group) + "." + name;
  }
  SafetensorsFile file_;
};

TEST(Stats, PairedTMatchesReference) {
  const Cases cases("paired_t");
  int group = 0;
  for (; cases.has(group, "a"); ++group) {
    const auto a = cases.in(group, "a"), b = cases.in(group, "b");
    const PairedT test = paired_t(a, b);
    cases.expect(group, "t", test.t);
    cases.expect(group, "p", test.p);
    cases.expect(group, "df", test.df);
    cases.expect(group, "mean_difference", test.difference);
    expect_near(test.interval.low, cases.out(group, "ci95")[0], "low");
    expect_near(test.interval.high, cases.out(group, "ci95")[1], "high");
    expect_near(paired_t(a, b, 0.99).interval.low, cases.out(group, "ci99")[0], "low 99");
    expect_near(paired_t(a, b, 0.99).interval.high, cases.out(group, "ci99")[1], "high 99");
  }
  EXPECT_EQ(group, 8);
}

TEST(Stats, EffectSizeMatchesReference) {
  const Cases cases("effect_size");
  int group = 0;
  for (; cases.has(group, "a"); ++group) {
    const EffectSize effect = cohen_dz(cases.in(group, "a"), cases.in(group, "b"));
    cases.expect(group, "d_z", effect.d);
    expect_near(effect.interval.low, cases.out(group, "d_z_ci95")[0], "low");
    expect_near(effect.interval.high, cases.out(group, "d_z_ci95")[1], "high");
  }
  EXPECT_EQ(group, 11);
}

TEST(Stats, EffectSizeOfANearlyConstantDifferenceHasItsInterval) {
  const std::vector<double> a{1, 1, 1 + 1e-6}, b{0, 0, 0};
  const EffectSize effect = cohen_dz(a, b);
  // sqrt of chi-square quantiles over their degrees of freedom, which the limits go to
  EXPECT_NEAR(effect.interval.low / effect.d, 0.159116, 1e-5);
  EXPECT_NEAR(effect.interval.high / effect.d, 1.920646, 1e-5);
}

TEST(Stats, OnePairHasNoInterval) {
  const std::vector<double> a{2}, b{1};
  const PairedT test = paired_t(a, b);
  EXPECT_EQ(test.difference, 1);
  EXPECT_TRUE(std::isnan(cohen_dz(a, b).d));
  EXPECT_TRUE(std::isnan(test.t) && std::isnan(test.p));
  EXPECT_TRUE(std::isnan(test.interval.low) && std::isnan(test.interval.high));
  EXPECT_TRUE(std::isnan(sample_sd(a)) && std::isnan(standard_error(a)));
}

TEST(Stats, UnequalLengthsAreRefused) {
  const std::vector<double> a{1, 2}, b{1};
  EXPECT_THROW(paired_t(a, b), Error);
  EXPECT_THROW(mean(std::vector<double>{}), Error);
}

void check_signed_ranks(const Cases& cases, int groups) {
  int group = 0;
  for (; cases.has(group, "difference"); ++group) {
    const auto difference = cases.in(group, "difference");
    const SignedRank ranks = wilcoxon(difference, std::vector<double>(difference.size()));
    cases.expect(group, "p_permutation", ranks.p);
    cases.expect(group, "w_plus", ranks.w_plus);
  }
  EXPECT_EQ(group, groups);
}

TEST(Stats, SignedRankMatchesReference) {
  check_signed_ranks(Cases("wilcoxon_sign"), 14);
  check_signed_ranks(Cases("wilcoxon_all_zero"), 2);
}

TEST(Stats, SignedRankFloorIsReached) {
  for (std::size_t n = 1; n <= 12; ++n) {
    std::vector<double> difference;
    for (std::size_t i = 0; i < n; ++i) difference.push_back(static_cast<double>(i + 1));
    EXPECT_NEAR(wilcoxon(difference, std::vector<double>(n)).p, wilcoxon_floor(n), 1e-12);
  }
}

/// Of SciPy 1.17.1, `wilcoxon(difference)`, which is exact up to 50 pairs and asymptotic beyond.
TEST(Stats, SignedRankOfManyPairsIsSciPys) {
  struct Reference {
    std::size_t pairs;
    double w_plus, p;
  };
  for (const auto& [pairs, w_plus, p] :
       {Reference{50, 737, 0.3422827758111566}, Reference{51, 762, 0.35342146126257845},
        Reference{200, 11453, 0.08691421031936966},  // with ties
        Reference{10000, 28215001, 1.0726573413726229e-29}}) {
    std::vector<double> difference;
    for (std::size_t i = 0; i < pairs; ++i)
      difference.push_back((static_cast<double>(i * 7919 % 1009) - 470) / 1000);
    const SignedRank ranks = wilcoxon(difference, std::vector<double>(pairs));
    EXPECT_EQ(ranks.w_plus, w_plus);
    EXPECT_NEAR(ranks.p / p, 1, 1e-10) << pairs;
  }
}

TEST(Stats, McNemarMatchesReference) {
  const Cases cases("mcnemar");
  const StoredTensor& tables = cases.file().at("in.tables");
  for (int group = 0; group < tables.shape[0]; ++group) {
    Agreement table;
    std::copy_n(tables.whole.begin() + group * 4, 4, table.begin());
    cases.expect(group, "p_exact", mcnemar_exact(table));
    cases.expect(group, "p_mid", mcnemar_mid_p(table));
    cases.expect(group, "chi2_p_plain", mcnemar_chi2(table, false));
    cases.expect(group, "chi2_p_corrected", mcnemar_chi2(table, true));
  }
}

TEST(Stats, MannWhitneyMatchesReference) {
  const Cases cases("mann_whitney");
  int group = 0;
  for (; cases.has(group, "a"); ++group) {
    const MannWhitney test = mann_whitney(cases.in(group, "a"), cases.in(group, "b"));
    cases.expect(group, "u_a", test.u);
    cases.expect(group, "p_permutation", test.p);
  }
  EXPECT_EQ(group, 9);
  EXPECT_THROW(mann_whitney(std::vector<double>{}, std::vector<double>{1}), Error);
}

TEST(Stats, CorrectionsMatchReference) {
  const Cases cases("holm");
  int group = 0;
  for (; cases.has(group, "p"); ++group) {
    const auto p = cases.in(group, "p");
    const auto expect = [&](const std::string& name, const std::vector<double>& adjusted) {
      const auto wanted = cases.out(group, name + "_adjusted");
      ASSERT_EQ(adjusted.size(), wanted.size());
      for (std::size_t i = 0; i < wanted.size(); ++i) expect_near(adjusted[i], wanted[i], name);
    };
    expect("holm", holm(p));
    expect("bonferroni", bonferroni(p));
    expect("benjamini_hochberg", benjamini_hochberg(p));
  }
  EXPECT_EQ(group, 6);
}

void check_friedman(const Cases& cases, int groups) {
  int group = 0;
  for (; cases.has(group, "scores"); ++group) {
    const StoredTensor& tensor = cases.file().at("in." + std::to_string(group) + ".scores");
    const auto rows = static_cast<std::size_t>(tensor.shape[0]);
    const auto columns = static_cast<std::size_t>(tensor.shape[1]);
    std::vector<std::vector<double>> scores(rows, std::vector<double>(columns));
    for (std::size_t i = 0; i < tensor.real.size(); ++i) {
      scores[i / columns][i % columns] = tensor.real[i];
    }
    const Friedman test = friedman(scores);
    cases.expect(group, "chi2", test.chi2);
    cases.expect(group, "p", test.p);
    cases.expect(group, "iman_davenport_f", test.f);
    cases.expect(group, "iman_davenport_p", test.f_p);
    const auto ranks = cases.out(group, "average_rank");
    for (std::size_t i = 0; i < columns; ++i) expect_near(test.average_rank[i], ranks[i], "rank");
    cases.expect(group, "nemenyi_q_0.05", nemenyi_q(columns, 0.05));
    cases.expect(group, "nemenyi_q_0.1", nemenyi_q(columns, 0.1));
    cases.expect(group, "critical_difference_0.05", critical_difference(columns, rows, 0.05));
    cases.expect(group, "critical_difference_0.1", critical_difference(columns, rows, 0.1));
  }
  EXPECT_EQ(group, groups);
}

TEST(Stats, FriedmanAndNemenyiMatchReference) {
  check_friedman(Cases("friedman_nemenyi"), 4);
  check_friedman(Cases("friedman_all_tied"), 1);
}

/// Random tables of accuracies, most with ties; their references come from the counts behind them.
class AccuraciesWithTies : public testing::Test {
 protected:
  struct Table {
    std::vector<std::vector<double>> methods;  ///< accuracies in %, by method and seed
    std::int64_t examples = 0;
  };

  Table table(std::int64_t group) const {
    const auto& counts = file_.at("in.counts");
    const auto& sizes = file_.at("in.sizes").whole;
    Table out;
    out.examples = file_.at("in.examples").whole[group];
    out.methods.resize(sizes[2 * group + 1]);
    for (std::int64_t seed = 0; seed < sizes[2 * group]; ++seed)
      for (std::size_t method = 0; method < out.methods.size(); ++method) {
        const auto row = group * counts.shape[1] + seed;
        const auto right = counts.whole[row * counts.shape[2] + method];
        out.methods[method].push_back(100.0 * static_cast<double>(right) /
                                      static_cast<double>(out.examples));
      }
    return out;
  }

  void expect(const std::string& name, std::size_t at, double found) const {
    const double wanted = file_.at("out." + name).real[at];
    const std::string what = name + " " + std::to_string(at);
    if (std::isfinite(wanted)) {
      EXPECT_NEAR(found, wanted, 1e-12 * std::max(1.0, std::abs(wanted))) << what;
    } else {
      expect_near(found, wanted, what);
    }
  }

  std::int64_t groups() const { return file_.at("in.examples").shape[0]; }

  const SafetensorsFile file_ = read_safetensors(kVectors / "accuracies_with_ties.safetensors");
};

TEST_F(AccuraciesWithTies, PairsMatchReference) {
  const auto width = static_cast<std::size_t>(file_.at("in.counts").shape[2] - 1);
  for (std::int64_t group = 0; group < groups(); ++group) {
    const auto methods = table(group).methods;
    std::vector<double> p;
    for (std::size_t k = 1; k < methods.size(); ++k) {
      const auto at = static_cast<std::size_t>(group) * width + k - 1;
      const SignedRank ranks = wilcoxon(methods[k], methods[0]);
      expect("wilcoxon", 2 * at, ranks.w_plus);
      expect("wilcoxon", 2 * at + 1, ranks.p);
      p.push_back(ranks.p);
      const PairedT t = paired_t(methods[k], methods[0]);
      const double found[] = {t.t, t.p, t.difference, t.interval.low, t.interval.high};
      for (std::size_t i = 0; i < std::size(found); ++i) expect("paired_t", 5 * at + i, found[i]);
    }
    const auto adjusted = holm(p);
    for (std::size_t k = 0; k < p.size(); ++k)
      expect("holm", static_cast<std::size_t>(group) * width + k, adjusted[k]);
  }
  EXPECT_EQ(groups(), 200);
}

TEST_F(AccuraciesWithTies, FriedmanMatchesReference) {
  for (std::int64_t group = 0; group < groups(); ++group) {
    const auto methods = table(group).methods;
    std::vector<std::vector<double>> rows(methods[0].size());
    for (std::size_t seed = 0; seed < rows.size(); ++seed)
      for (const auto& method : methods) rows[seed].push_back(method[seed]);
    const Friedman test = friedman(rows);
    const double found[] = {test.chi2, test.p, test.f, test.f_p};
    for (std::size_t i = 0; i < std::size(found); ++i)
      expect("friedman", 4 * static_cast<std::size_t>(group) + i, found[i]);
  }
}

TEST_F(AccuraciesWithTies, McNemarMatchesReference) {
  for (std::int64_t group = 0; group < groups(); ++group) {
    Agreement table;
    std::copy_n(file_.at("in.agreement").whole.begin() + group * 4, 4, table.begin());
    expect("mcnemar", 2 * static_cast<std::size_t>(group), mcnemar_exact(table));
    expect("mcnemar", 2 * static_cast<std::size_t>(group) + 1, mcnemar_mid_p(table));
  }
}

TEST(Stats, QuantilesMatchReference) {
  const SafetensorsFile file = read_safetensors(kVectors / "quantiles.safetensors");
  const auto& p = file.at("in.p").real;
  const auto& df = file.at("in.df").whole;
  for (std::size_t i = 0; i < p.size(); ++i) {
    expect_near(normal_quantile(p[i]), file.at("out.normal_quantile").real[i], "normal");
    for (std::size_t j = 0; j < df.size(); ++j) {
      const auto degrees = static_cast<double>(df[j]);
      const std::size_t at = i * df.size() + j;
      expect_near(t_quantile(p[i], degrees), file.at("out.t_quantile").real[at], "t");
      expect_near(chi2_quantile(p[i], degrees), file.at("out.chi2_quantile").real[at], "chi2");
    }
  }
}

}  // namespace
}  // namespace ktb::core
