#include "core/score/paired_samples.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <vector>

#include "core/base/error.hpp"
#include "core/base/weights/safetensors.hpp"

namespace ktb::core {
namespace {

using Differences = std::vector<std::int64_t>;

/// Of one seed: as many samples that only the first, only the second, and both or none have right.
Differences differences(std::int64_t first, std::int64_t second, std::int64_t equal) {
  Differences all(static_cast<std::size_t>(first), 1);
  all.insert(all.end(), static_cast<std::size_t>(second), -1);
  all.insert(all.end(), static_cast<std::size_t>(equal), 0);
  return all;
}

TEST(PairedSamples, McNemarOfOneSeedMatchesReference) {
  const SafetensorsFile file =
      read_safetensors(std::filesystem::path(KTB_SOURCE_DIR) /
                       "tests/vectors/stats/accuracies_with_ties.safetensors");
  const auto& tables = file.at("in.agreement");
  for (std::int64_t group = 0; group < tables.shape[0]; ++group) {
    const auto* counts = &tables.whole[static_cast<std::size_t>(4 * group)];
    EXPECT_NEAR(mcnemar(differences(counts[1], counts[2], 1)),
                file.at("out.mcnemar").real[static_cast<std::size_t>(2 * group)], 1e-12)
        << group;
  }
}

TEST(PairedSamples, McNemarOfSeveralSeedsIsTheShareOfSignPatterns) {
  const Differences all{3, 1, -1, 2, 2, 1, -3, 1, 2};
  std::int64_t seen = 0, far = 0;
  for (const auto one : all) seen += one;
  for (unsigned pattern = 0; pattern < 512; ++pattern) {
    std::int64_t sum = 0;
    for (std::size_t i = 0; i < all.size(); ++i)
      sum += ((pattern >> i) & 1U) != 0 ? all[i] : -all[i];
    far += std::abs(sum) >= std::abs(seen) ? 1 : 0;
  }
  EXPECT_NEAR(mcnemar(all), static_cast<double>(far) / 512, 1e-15);
  EXPECT_EQ(mcnemar(Differences{0, 0}), 1);
  EXPECT_EQ(mcnemar(Differences{}), 1);
}

TEST(PairedSamples, BootstrapIsTheDistributionOverAllResamples) {
  const Differences all{2, 1, 0, -1, 1, 1};
  std::vector<int> sums;
  for (int draw = 0; draw < 46656; ++draw) {
    std::int64_t sum = 0;
    for (int rest = draw, i = 0; i < 6; ++i, rest /= 6)
      sum += all[static_cast<std::size_t>(rest % 6)];
    sums.push_back(static_cast<int>(sum));
  }
  std::sort(sums.begin(), sums.end());
  const auto at = [&](double share) {
    return sums[static_cast<std::size_t>(std::ceil(share * 46656)) - 1] / 6.0;
  };
  const auto below = std::count_if(sums.begin(), sums.end(), [](int sum) { return sum <= 0; });
  const Bootstrap found = paired_bootstrap(all);
  EXPECT_NEAR(found.interval.low, at(.025), 1e-12);
  EXPECT_NEAR(found.interval.high, at(.975), 1e-12);
  EXPECT_NEAR(found.p, 2.0 * static_cast<double>(below) / 46656, 1e-12);
}

TEST(PairedSamples, BootstrapOfOneSidedDifferencesIsBinomial) {
  // scipy.stats.binom(10000, 0.03).ppf([.025, .975]), of 300 samples that only the first has right
  const Bootstrap found = paired_bootstrap(differences(300, 0, 9700));
  EXPECT_NEAR(found.interval.low, 267 / 10000.0, 1e-12);
  EXPECT_NEAR(found.interval.high, 334 / 10000.0, 1e-12);
  const Bootstrap equal = paired_bootstrap(differences(0, 0, 5));
  EXPECT_EQ(equal.interval.low, 0);
  EXPECT_EQ(equal.interval.high, 0);
  EXPECT_EQ(equal.p, 1);
  EXPECT_THROW(paired_bootstrap(Differences{}), Error);
}

}  // namespace
}  // namespace ktb::core
