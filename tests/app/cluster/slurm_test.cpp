// What `--launcher slurm` submits: of Slurm there is here what writes down how it was called.
#include <algorithm>

#include "app/cluster/cluster.hpp"

namespace ktb::tests {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::ContainsRegex;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

/// A call's arguments stand in a line, with blanks between them. What is submitted is queued.
constexpr auto kSbatch = R"sh(#!/bin/sh
cd "$(dirname "$0")"
if [ -e refuse ] && [ "$(wc -l < calls)" -ge "$(cat refuse)" ]; then
  echo 'sbatch: error: QOSMaxSubmitJobPerUserLimit' >&2
  exit 1
fi
echo "$*" >> calls
job=$((100 + $(wc -l < calls)))
for word; do case $word in
  --job-name=*) name=${word#*=} ;;
  --array=*) tasks=${word#--array=0-}; tasks=${tasks%%%*} ;;
esac; done
for task in $(seq 0 ${tasks:-0}); do echo "$job|PENDING|$name|Priority" >> queue; done
echo "$job;cluster"
)sh";
constexpr auto kSqueue = R"sh(#!/bin/sh
cat "$(dirname "$0")/queue"
)sh";
constexpr auto kScontrol = R"sh(#!/bin/sh
[ "$1 $2" = 'show config' ] && echo "MaxArraySize            = $(cat "$(dirname "$0")/size")"
)sh";

class SlurmTest : public Cluster {
 protected:
  SlurmTest() {
    for (const auto& [name, text] :
         {std::pair{"sbatch", kSbatch}, {"squeue", kSqueue}, {"scontrol", kScontrol}}) {
      write(std::string("slurm/") + name, text);
      fs::permissions(folder_ / "slurm" / name, fs::perms::owner_all);
    }
    write("slurm/size", "1001");
    write("slurm/queue", "");
    write("slurm/calls", "");
  }
  std::string path() const override { return (folder_ / "slurm").string() + ":\"$PATH\""; }
  Outcome submit(const std::string& words = "") const { return run("--launcher slurm " + words); }
  Outcome submit_with(const std::string& site) const {
    write("site.toml", site);
    return submit("--site " + (folder_ / "site.toml").string());
  }
  std::vector<std::string> calls() const { return lines(read(folder_ / "slurm/calls")); }
  /// The scripts of the calls, in their order.
  std::vector<std::string> scripts() const {
    std::vector<std::string> all;
    for (const auto& call : calls()) all.push_back(call.substr(call.rfind(' ') + 1));
    return all;
  }
};

TEST_F(SlurmTest, AnArrayAWaveAndTheReportAfterAll) {
  const auto [code, text] = submit();
  EXPECT_EQ(code, 0) << text;
  EXPECT_THAT(calls(),
              ElementsAre(AllOf(HasSubstr("--array=0-3 "), HasSubstr("--cpus-per-task=1"),
                                HasSubstr("--signal=B:USR1@120"), HasSubstr("--requeue"),
                                HasSubstr("--open-mode=append"), Not(HasSubstr("--dependency")),
                                Not(HasSubstr("--gres")), ContainsRegex("/1a.sh$")),
                          AllOf(HasSubstr("--array=0-1 "), HasSubstr("--dependency=afterany:101 "),
                                ContainsRegex("/2a.sh$")),
                          AllOf(HasSubstr("--dependency=afterany:101:102 "),
                                Not(HasSubstr("--array")), ContainsRegex("/report.sh$"))));
  EXPECT_THAT(text, HasSubstr("submitted job 101: group 1a of 4 trials, 4 tasks\n"));
  EXPECT_THAT(text, HasSubstr("submitted job 102: group 2a of 2 trials, 2 tasks, after 101\n"));
}

TEST_F(SlurmTest, TheScriptsGiveTheTableOfALocalRun) {
  ASSERT_EQ(submit().code, 0);
  for (const auto& script : scripts()) {
    const auto [code, text] = run_command("cd / && HOME=/ " + script);
    EXPECT_EQ(code, 0) << text;
  }
  const auto report = fs::path(scripts().back()).parent_path() / "table.txt";
  EXPECT_EQ("\n" + read(report), table());
}

TEST_F(SlurmTest, WhatIsQueuedIsNotSubmittedAgain) {
  ASSERT_EQ(submit().code, 0);
  const auto before = calls();
  const auto again = submit();
  EXPECT_EQ(again.code, 0);
  EXPECT_EQ(calls(), before);
  EXPECT_THAT(again.text, HasSubstr("queue   job 101, 1a of suite.paper-"));
  EXPECT_THAT(again.text, HasSubstr(": 4 waiting (Priority)"));
  EXPECT_THAT(again.text, HasSubstr("0 are done, 0 at work, 6 wait, 0 failed"));
  EXPECT_THAT(again.text, HasSubstr("Nothing was submitted"));
}

TEST_F(SlurmTest, OfAQueueThatWasLostTheRestIsSubmitted) {
  ASSERT_EQ(submit().code, 0);
  ASSERT_EQ(run_command(scripts().front()).code, 0);
  write("slurm/queue", "7|RUNNING|somebody's|None\n9|RUNNING|ktb.elsewhere-1.1a|None\n");
  const auto again = submit();
  EXPECT_THAT(calls(), SizeIs(5)) << again.text;
  EXPECT_THAT(calls()[3], HasSubstr("--array=0-1 "));
  EXPECT_THAT(calls()[3], ContainsRegex("/1a.sh$"));
  EXPECT_THAT(again.text, Not(HasSubstr("queue   job")));
}

TEST_F(SlurmTest, WhatIsAddedWaitsForSourcesInTheQueue) {
  ASSERT_EQ(submit("--filter scratch --filter kd --set seeds=1").code, 0);
  const auto [code, text] = submit("--set methods='[\"scratch\",\"kd\",\"dist\"]' --set seeds=1");
  EXPECT_EQ(code, 0) << text;
  ASSERT_THAT(calls(), SizeIs(5)) << text;
  EXPECT_THAT(calls()[3], HasSubstr("--array=0-0 "));
  EXPECT_THAT(calls()[3], HasSubstr("--dependency=afterany:101 "));
  const auto list = read(fs::path(scripts()[3]).parent_path() / "list");
  EXPECT_EQ(std::count(list.begin(), list.end(), '\n'), 3) << "its source is on the list as well";
}

TEST_F(SlurmTest, RefusedHalfWayItGoesOnLater) {
  write("slurm/refuse", "1");
  const auto refused = submit();
  EXPECT_EQ(refused.code, 2) << refused.text;
  EXPECT_THAT(refused.text, HasSubstr("submitted job 101"));
  EXPECT_THAT(refused.text, HasSubstr("QOSMaxSubmitJobPerUserLimit"));
  fs::remove(folder_ / "slurm/refuse");
  const auto [code, text] = submit();
  EXPECT_EQ(code, 0) << text;
  ASSERT_THAT(calls(), SizeIs(3));
  EXPECT_THAT(calls()[1],
              AllOf(HasSubstr("--array=0-1 "), HasSubstr("--dependency=afterany:101 ")));
}

TEST_F(SlurmTest, ArraysAreCutWhereSlurmWantsIt) {
  write("slurm/size", "4");
  ASSERT_EQ(submit_with("[slurm]\nat_once = 2\n").code, 0);
  ASSERT_THAT(calls(), SizeIs(4));
  EXPECT_THAT(calls()[0], HasSubstr("--array=0-2%1 "));
  EXPECT_THAT(calls()[1], HasSubstr("--array=0-0%1 "));
  EXPECT_THAT(calls()[2], HasSubstr("--dependency=afterany:101:102 "));
}

TEST_F(SlurmTest, TheSiteFileSaysWhatJobsAskFor) {
  const auto [code, text] = submit_with(R"([slurm]
partition = "main"
account = "lab"
time = "8:00:00"
memory = "16G"
gpus = 1
constraint = "a100|h100"
modules = ["gcc/12", "cuda"]
scratch = "/scratch/$USER"
before = "ulimit -n 4096"
options = ["--exclude=n7"]
tasks = 2
warning = 300
[[slurm.when]]
method = "kd"
gpus = "shard:2"
memory = "32G"
[[slurm.when]]
target = "wide*"
cpus = 8
[[slurm.when]]
dataset = "imagenet"
time = "2-0"
)");
  EXPECT_EQ(code, 0) << text;
  ASSERT_THAT(calls(), SizeIs(4));
  EXPECT_THAT(calls()[0], HasSubstr("--cpus-per-task=1 "));
  EXPECT_THAT(calls()[1], AllOf(HasSubstr("--partition=main --account=lab --exclude=n7"),
                                HasSubstr("--array=0-1 "), HasSubstr("USR1@300"),
                                HasSubstr("--cpus-per-task=8 --time=8:00:00 --mem=16G --gres=gpu:1 "
                                          "--constraint=a100|h100")));
  EXPECT_THAT(calls()[2], HasSubstr("--mem=32G --gres=shard:2"));
  EXPECT_THAT(calls()[2], HasSubstr("--dependency=afterany:102 ")) << "where its sources are";
  EXPECT_THAT(text, HasSubstr("site.toml:21: this rule is about none of these trials"));
  const auto script = read(scripts().front());
  EXPECT_THAT(script, HasSubstr("module load gcc/12 || exit 1\nmodule load cuda || exit 1\n"
                                "export TMPDIR=\"/scratch/$USER\"\nmkdir -p \"/scratch/$USER\""));
  EXPECT_THAT(script, HasSubstr("\nulimit -n 4096\nexec "));
}

TEST_F(SlurmTest, TheUsersOwnSiteFileIsRead) {
  write(".config/ktbench/site.toml", "[slurm]\npartition = \"mine\"\n");
  ASSERT_EQ(submit().code, 0);
  EXPECT_THAT(calls()[0], HasSubstr("--partition=mine"));
}

TEST_F(SlurmTest, FaultsOfTheSiteFileAreShownWhereTheyStand) {
  for (const auto& [site, told] : std::vector<std::pair<std::string, std::vector<std::string>>>{
           {"[slurm]\npartitoin = \"main\"", {"site.toml:2:1: error", "did you mean `partition`?"}},
           {"[slrum]\ntime = \"1:00\"", {"site.toml:1:2: error: a site file has no `slrum`"}},
           {"[slurm]\ntime = 08:00:00", {"site.toml:2:8: error", "is a date or a time", "quotes"}},
           {"[slurm]\ntime = \"8h\"",
            {"site.toml:2:8: error: `8h` is no time limit", "\"8:00:00\""}},
           {"[slurm]\ntime = \"3\"\nwarning = 100",
            {"site.toml:2:8", "120 s longer than `warning`"}},
           {"[slurm]\ntasks = 0", {"site.toml:2:9", "whole number of at least 1"}},
           {"[slurm]\ngpus = -1", {"site.toml:2:8", "a count, or a text such as"}},
           {"[slurm]\nmodules = [1]", {"site.toml:2:11", "a text or a list of texts"}},
           {"[slurm]\n[slurm.when]\nmethod = \"kd\"", {"site.toml:2", "[[slurm.when]]"}},
           {"[[slurm.when]]\ncpus = 2", {"site.toml:1", "this rule is about all trials"}},
           {"[[slurm.when]]\nmethd = \"kd\"", {"site.toml:2:1", "[[slurm.when]] has no key"}},
           {"[slurm", {"site.toml:1", "not TOML"}}}) {
    const auto [code, text] = submit_with(site);
    EXPECT_EQ(code, 2) << text;
    for (const auto& part : told) EXPECT_THAT(text, HasSubstr(part)) << site;
    EXPECT_THAT(text, HasSubstr("Nothing was run."));
  }
  EXPECT_THAT(calls(), IsEmpty());
  EXPECT_FALSE(fs::exists(folder_ / "results/work"));
}

TEST_F(SlurmTest, ASiteFileWithoutSlurmIsNotPassedOver) {
  write("site.toml", "");
  const auto [code, text] = run("--site " + (folder_ / "site.toml").string());
  EXPECT_EQ(code, 2);
  EXPECT_THAT(text, HasSubstr("it goes with --launcher slurm"));
}

TEST_F(SlurmTest, WithoutSlurmTheWayOutIsNamed) {
  for (const char* name : {"sbatch", "squeue", "scontrol"}) fs::remove(folder_ / "slurm" / name);
  const auto [code, text] =
      run_command("PATH=/nowhere " KTB_BIN_DIR "/ktbench run " + (folder_ / "suite.toml").string() +
                  " --launcher slurm --plugins " KTB_TEST_PLUGIN_DIR " --results " +
                  (folder_ / "results").string());
  EXPECT_EQ(code, 2);
  EXPECT_THAT(text, HasSubstr("there is no `scontrol` on this machine"));
  EXPECT_THAT(text, HasSubstr("--launcher commands"));
}

TEST_F(SlurmTest, WhatFailedIsToldAndTriedAgainOnceTheQueueIsEmpty) {
  ASSERT_EQ(submit().code, 0);
  ASSERT_EQ(run_command(scripts().front()).code, 0);
  for (const auto& trial : fs::directory_iterator(folder_ / "results/trials")) {
    if (!trial.path().filename().string().starts_with("scratch")) continue;
    auto text = read(trial.path() / "record.json");
    text.replace(text.find("\"ok\""), 4, "\"crashed\"");
    std::ofstream(trial.path() / "record.json") << text;
    break;
  }
  const auto live = submit();
  EXPECT_THAT(live.text, HasSubstr("3 are done, 0 at work, 2 wait, 1 failed\nfailed  scratch"));
  EXPECT_THAT(calls(), SizeIs(3));
  write("slurm/queue", "");
  submit();
  ASSERT_THAT(calls().size(), testing::Ge(5U));
  EXPECT_THAT(calls()[3], HasSubstr("--array=0-"));
}

}  // namespace
}  // namespace ktb::tests
