#include "launch/slurm/site.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "temporary_folder.hpp"

namespace ktb::launch {
namespace {

TEST(SiteFile, TimeLimitsAreReadAsSlurmDoes) {
  for (const auto& [text, seconds] : {std::pair<std::string, std::int64_t>{"90", 90 * 60},
                                      {"2:30", 150},
                                      {"8:00:00", 8 * 3600},
                                      {"1:02:03", 3723},
                                      {"2-12", 60 * 3600},
                                      {"2-0:30", 2 * 86400 + 30 * 60},
                                      {"1-01:00:01", 86400 + 3601}})
    EXPECT_EQ(seconds_of_limit(text), seconds) << text;
  for (const std::string text : {"", "8h", "-1", "1:2:3:4", "1-", "1::2", " 90", "1-2-3", "x-1"})
    EXPECT_EQ(seconds_of_limit(text), 0) << text;
}

TEST(SiteFile, TheLastRuleThatFitsWins) {
  const TemporaryFolder own;
  const std::string path = (own.path() / "site.toml").string();
  std::ofstream(path) << R"([slurm]
memory = "4G"
cpus = 2
[[slurm.when]]
method = ["kd", "fit*"]
memory = "8G"
[[slurm.when]]
target = "wide"
memory = "16G"
[[slurm.when]]
dataset = "imagenet"
gpus = 0
)";
  SiteFile site(path, "gpu:1");
  core::Trial trial;
  EXPECT_EQ(site.of(trial).memory, "4G");
  const auto set = [&](const std::string& axis, const std::string& value) {
    trial.change([&](core::TrialSpec& spec) { spec.axes[axis] = value; });
  };
  set("method", "fitnet");
  set("target", "narrow");
  EXPECT_EQ(site.of(trial).memory, "8G");
  set("target", "wide");
  EXPECT_EQ(site.of(trial).memory, "16G");
  EXPECT_EQ(site.of(trial).cpus, 2);
  EXPECT_EQ(site.of(trial).gres, "gpu:1");
  EXPECT_EQ(site.unused(), std::vector<std::string>{path + ":10"});
  set("dataset", "imagenet");
  EXPECT_EQ(site.of(trial).gres, "");
  EXPECT_TRUE(site.unused().empty());
}

}  // namespace
}  // namespace ktb::launch
