// recipe.keep: what is kept beside a record decides nothing of it.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "core/base/error.hpp"
#include "core/fake_catalogue.hpp"
#include "core/plan/make_plan.hpp"
#include "core/suite/read_suite.hpp"
#include "temporary_folder.hpp"

namespace ktb::core {
namespace {

using testing::IsEmpty;
using testing::UnorderedElementsAre;

constexpr auto kSuite = R"(ktbench = 1
datasets = "cifar100"
methods = ["kd"]
[grid.main]
pairs = ["resnet20 -> vgg8"]
)";

Plan plan(const std::string& more) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "x.toml";
  std::ofstream(path) << kSuite << more;
  FakeCatalogue catalogue = full_catalogue();
  return make_plan(read_suite(path, "", {}), catalogue, {});
}

const Trial& trial_of(const Plan& plan, const std::string& method) {
  for (const auto& trial : plan.trials)
    if (trial.spec().method.name == method) return trial;
  throw Error("no trial of " + method);
}

TEST(Keep, IsInTheTrialAndNotInItsKey) {
  const Plan without = plan(""), with = plan("[recipe]\nkeep = [\"weights\", \"predictions\"]\n");
  for (const char* method : {"kd", "scratch"}) {
    const Trial &plain = trial_of(without, method), &kept = trial_of(with, method);
    EXPECT_EQ(plain.key, kept.key);
    EXPECT_THAT(plain.spec().recipe.keep, IsEmpty());
    EXPECT_THAT(kept.spec().recipe.keep,
                UnorderedElementsAre(Keepsake::kWeights, Keepsake::kPredictions));
    EXPECT_TRUE(kept.keep_weights);
  }
  EXPECT_FALSE(trial_of(without, "kd").keep_weights);
}

TEST(Keep, OfATrialInSeveralCellsIsWhatAnyOfThemAsksFor) {
  const Plan made = plan(
      "[method.mine]\nplugin = \"scratch\"\nrecipe.keep = [\"features\"]\n"
      "[method.yours]\nplugin = \"scratch\"\nrecipe.keep = [\"predictions\"]\n"
      "[grid.more]\npairs = [\"resnet20 -> vgg8\"]\nmethods = [\"mine\", \"yours\"]\n");
  ASSERT_EQ(made.trials.size(), 3U) << "the source, kd, and one training from the start";
  EXPECT_THAT(trial_of(made, "mine").spec().recipe.keep,
              UnorderedElementsAre(Keepsake::kFeatures, Keepsake::kPredictions));
}

}  // namespace
}  // namespace ktb::core
