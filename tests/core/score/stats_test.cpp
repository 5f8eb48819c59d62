#include "core/score/stats.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <string>

#include "core/base/error.hpp"
#include "core/base/safetensors.hpp"

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

TEST(Stats, OnePairHasNoInterval) {
  const std::vector<double> a{2}, b{1};
  const PairedT test = paired_t(a, b);
  EXPECT_EQ(test.difference, 1);
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
    const SignedRank ranks = wilcoxon(difference);
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
    EXPECT_NEAR(wilcoxon(difference).p, wilcoxon_floor(n), 1e-12);
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
  }
}

TEST(Stats, AgreementCountsSamples) {
  const std::vector<bool> first{true, true, false, false, true},
      second{true, false, true, false, true};
  EXPECT_EQ(agreement(first, second), (Agreement{2, 1, 1, 1}));
  EXPECT_THROW(agreement(first, {true}), Error);
}

TEST(Stats, HolmMatchesReference) {
  const Cases cases("holm");
  int group = 0;
  for (; cases.has(group, "p"); ++group) {
    const auto adjusted = holm(cases.in(group, "p"));
    const auto wanted = cases.out(group, "holm_adjusted");
    ASSERT_EQ(adjusted.size(), wanted.size());
    for (std::size_t i = 0; i < wanted.size(); ++i) expect_near(adjusted[i], wanted[i], "holm");
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

TEST(Stats, QuantilesMatchReference) {
  const SafetensorsFile file = read_safetensors(kVectors / "quantiles.safetensors");
  const auto& p = file.at("in.p").real;
  const auto& df = file.at("in.df").whole;
  for (std::size_t i = 0; i < p.size(); ++i)
    for (std::size_t j = 0; j < df.size(); ++j)
      expect_near(t_quantile(p[i], static_cast<double>(df[j])),
                  file.at("out.t_quantile").real[i * df.size() + j], "t");
}

}  // namespace
}  // namespace ktb::core
