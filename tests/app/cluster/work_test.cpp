// Lines that `--launcher commands` prints, and the lists behind them.
#include <algorithm>

#include "app/cluster/cluster.hpp"

namespace ktb::tests {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

class WorkTest : public Cluster {
 protected:
  std::vector<std::string> commands() const {
    const auto [code, text] = run_command(
        "(" + line("run " + (folder_ / "suite.toml").string() + " --launcher commands") +
        " 2>/dev/null)");
    EXPECT_EQ(code, 0) << text;
    return lines(text);
  }
  static std::vector<std::string> of_wave(const std::vector<std::string>& all, const char* wave) {
    auto begin = std::ranges::find(all, wave) + 1;
    return {begin,
            std::find_if(begin, all.end(), [](const auto& one) { return one.starts_with("#"); })};
  }
  fs::path only(const fs::path& folder) const { return *fs::directory_iterator(folder); }

  /// A job that is told that its time is up as soon as a trial has that file.
  Outcome warned_when(const std::string& file) const {
    commands();
    const auto list = only(folder_ / "results/work") / "list";
    return run_command(KTB_BIN_DIR "/ktbench work " + list.string() +
                       " --group 1 --at-limit 'touch " + (folder_ / "asked").string() +
                       "' & until ls " + (folder_ / "results/trials").string() + "/*/" + file +
                       " >/dev/null 2>&1; do sleep 0.01; done; kill -USR1 $!; wait $!");
  }
};

TEST_F(WorkTest, LinesComeInWavesAndGiveTheTableOfALocalRun) {
  const auto all = commands();
  EXPECT_EQ(of_wave(all, "# wave 1").size(), 4U);
  EXPECT_EQ(of_wave(all, "# wave 2").size(), 2U);
  for (const auto& one : all) {
    if (one.starts_with("#")) continue;
    const auto first = run_command("cd / && " + one);
    EXPECT_EQ(first.code, 0) << one << first.text;
    EXPECT_EQ(run_command(one).text, "") << "it is done";
  }
  const auto again = run("");
  EXPECT_THAT(again.text, HasSubstr("6 cached"));
  EXPECT_EQ(table_of(again.text), table());
}

TEST_F(WorkTest, ALineThatComesBeforeItsSourceTrainsTheSource) {
  const auto all = commands();
  const auto [code, text] = run_command(of_wave(all, "# wave 2").front());
  EXPECT_EQ(code, 0) << text;
  EXPECT_THAT(text, HasSubstr("[1/2] scratch wide"));
  EXPECT_THAT(text, HasSubstr("[2/2] kd wide -> narrow"));
}

TEST_F(WorkTest, LinesSideBySideInAnyOrderTrainEachTrialOnce) {
  auto all = commands();
  std::erase_if(all, [](const auto& one) { return one.starts_with("#"); });
  std::ranges::reverse(all);
  std::string script;
  for (const auto& one : all) script += "{ " + one + " || echo FAILED; } &\n{ " + one + "; } &\n";
  const auto [code, text] = run_command(script + "wait");
  EXPECT_EQ(code, 0);
  EXPECT_THAT(text, Not(HasSubstr("FAILED")));
  std::size_t trained = 0;
  for (auto at = text.find("] "); at != text.npos; at = text.find("] ", at + 1)) ++trained;
  EXPECT_EQ(trained, 6U) << text;
  EXPECT_EQ(table_of(run("").text), table());
}

TEST_F(WorkTest, WhatFailedIsTriedAgainWhereItIsNamedAndNotWhereItIsNeeded) {
  const auto all = commands();
  const auto source = of_wave(all, "# wave 1").at(2), kd = of_wave(all, "# wave 2").front();
  // A source whose record says that it failed: the line of what needs it says so.
  const auto id = source.substr(source.rfind(' ') + 1);
  ASSERT_EQ(run_command(source).code, 0);
  const auto record = folder_ / "results/trials" / id / "record.json";
  std::string text = read(record);
  text.replace(text.find("\"ok\""), 4, "\"failed\"");
  std::ofstream(record) << text;
  const auto without = run_command(kd);
  EXPECT_EQ(without.code, 1) << without.text;
  EXPECT_THAT(without.text, HasSubstr("its source, trial " + id + ", is failed"));
  EXPECT_EQ(run_command(source).code, 0);
  EXPECT_EQ(run_command(kd).code, 0);
}

TEST_F(WorkTest, WhenTheTimeIsUpAnotherJobIsAskedFor) {
  write_suite(3000);
  const auto [code, text] = warned_when("progress.json");
  EXPECT_EQ(code, 75) << text;
  EXPECT_THAT(text, HasSubstr("the time of this job is up: stopping 1 trials"));
  EXPECT_TRUE(fs::exists(folder_ / "asked"));
  const auto log = run_command("cat " + (folder_ / "results/trials").string() + "/*/record.json");
  EXPECT_THAT(log.text, HasSubstr("\"interrupted\""));
}

TEST_F(WorkTest, AJobThatBroughtNothingFurtherAsksForNoOther) {
  write_suite(3000);
  const auto [code, text] = warned_when(".lock");  // LibTorch is still to be loaded
  EXPECT_EQ(code, 1) << text;
  EXPECT_THAT(text, HasSubstr("brought no trial further"));
  EXPECT_FALSE(fs::exists(folder_ / "asked"));
}

TEST_F(WorkTest, AListThatIsNoneIsRefused) {
  write("list", "{\"jobs\": 1}\n");
  const auto bad = run_command(KTB_BIN_DIR "/ktbench work " + (folder_ / "list").string());
  EXPECT_EQ(bad.code, 2);
  EXPECT_THAT(bad.text, HasSubstr("list, line 1"));
  commands();
  const auto list = only(folder_ / "results/work") / "list";
  const auto unknown = run_command(KTB_BIN_DIR "/ktbench work " + list.string() + " --trial kd");
  EXPECT_EQ(unknown.code, 2);
  EXPECT_THAT(unknown.text, HasSubstr("has no trial `kd`"));
  const auto group = run_command(KTB_BIN_DIR "/ktbench work " + list.string() + " --group 7");
  EXPECT_EQ(group.code, 2);
  EXPECT_THAT(group.text, HasSubstr("has no group `7`; it has 1, 2"));
}

}  // namespace
}  // namespace ktb::tests
