// The command line around a run: what it writes, refuses and explains.
#include <gmock/gmock.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "app/shell.hpp"
#include "temporary_folder.hpp"

namespace ktb::tests {
namespace {

namespace fs = std::filesystem;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

constexpr auto kSuite = R"(ktbench = 1
title = "Shapes"
seeds = 2
datasets = "shapes"
methods = ["scratch", "kd"]
default_profile = "quick"
[dataset.shapes]
plugin = "shapes"
[model]
wide = { plugin = "mlp", width = 32 }
narrow = { plugin = "mlp", width = 16 }
[recipe]
epochs = 2
batch = 32
[grid.all]
pairs = ["wide -> narrow"]
[table.all]
rows = "method"
cols = "pair"
metrics = ["top1"]
[profile.quick]
recipe = { epochs = 1 }
[profile.long]
seeds = 1
recipe = { epochs = 2000 }
[profile.absent]
dataset.shapes = { plugin = "cifar100" }
)";

class Commands : public testing::Test {
 protected:
  Commands() { std::ofstream(suite()) << kSuite; }

  std::string suite() const { return (folder_ / "suite.toml").string(); }
  std::string options() const {
    return " --plugins " KTB_TEST_PLUGIN_DIR " --results " + (folder_ / "results").string();
  }
  std::string line(const std::string& words) const {
    return "env -u KTBENCH_DATA " KTB_BIN_DIR "/ktbench " + words + options();
  }
  Outcome ktbench(const std::string& words) const { return run_command(line(words)); }
  std::size_t records(const std::string& status) const {
    const auto found =
        run_command("grep -l '\"status\": \"" + status + "\"' " +
                    (folder_ / "results/trials").string() + "/*/record.json | wc -l");
    return std::stoul(found.text);
  }

  const TemporaryFolder own_;
  const fs::path folder_ = own_.path();
};

TEST_F(Commands, DataSaysOfEachSetWhereItIsFromOrHowToGetIt) {
  const auto made = ktbench("data shapes");
  EXPECT_EQ(made.code, 0);
  EXPECT_THAT(made.text, HasSubstr("shapes  generated: made on the spot, not read from files"));
  EXPECT_THAT(ktbench("data cartpole").text, HasSubstr("cartpole  simulated: it needs no file"));
  const auto missing = ktbench("data cifar100 --data-dir " + folder_.string()).text;
  EXPECT_THAT(missing, ContainsRegex("cifar100  (MISSING|found: real data)"));
  EXPECT_THAT(missing, HasSubstr("cifar-100-binary"));
  const auto all = ktbench("data").text;
  for (const std::string name : {"fashion_mnist", "emoji", "glyphs", "easy_vqa", "image_folder"})
    EXPECT_THAT(all, HasSubstr("\n" + name + "  ")) << all;
}

TEST_F(Commands, NothingThatOthersWroteSteersTheTerminal) {
  const std::string red = "\"$(printf '\\033[31mred\\007')\"";
  for (const std::string& words :
       {"run " + red, "run " + suite() + " --profile " + red, "run " + suite() + " --device " + red,
        "data " + red, "plugin test " + red}) {
    const auto [code, text] = ktbench(words);
    EXPECT_GT(code, 0) << words;
    EXPECT_THAT(text, HasSubstr("red?")) << words;
    EXPECT_EQ(text.find_first_of("\x1B\x07"), std::string::npos) << words;
  }
  std::string titled = kSuite;
  titled.replace(titled.find("Shapes"), 6, "\\u001b[31mShapes\\u009b");
  std::ofstream(suite()) << titled;
  const auto [code, text] = ktbench("report " + suite());
  EXPECT_EQ(code, 0) << text;
  EXPECT_THAT(text, HasSubstr("Shapes?,"));
  EXPECT_EQ(text.find_first_of("\x1B\x9B"), std::string::npos);
}

TEST_F(Commands, APlanRunsNothingAndCountsEverything) {
  const auto [code, text] = ktbench("plan " + suite());
  EXPECT_EQ(code, 0) << text;
  EXPECT_THAT(text, HasSubstr("6 trials = 2 sources + 2 scratch + 2 transfers; 0 cached, 0 holes"));
  EXPECT_THAT(text, HasSubstr("cost    unknown on cpu"));
  EXPECT_THAT(text, HasSubstr("tables  all 2x1"));
  const auto at = text.find("kd-mlp-mlp-shapes-s1-");
  ASSERT_NE(at, std::string::npos);
  const std::string id = text.substr(at, text.find('\n', at) - at);
  EXPECT_THAT(ktbench("show " + id).text, HasSubstr("seed 1  no record  " + id));
  EXPECT_THAT(ktbench("why " + id).text, HasSubstr("trial " + id));
  EXPECT_EQ(ktbench("rerun " + id).code, 2) << "it has no record yet";
  EXPECT_FALSE(fs::exists(folder_ / "results" / "trials"));
}

TEST_F(Commands, APluginThatPrintsIsNoPartOfAnAnswer) {
  const auto planned = run_command("SHAPES_TALK=1 " + line("plan " + suite()));
  EXPECT_EQ(planned.code, 0) << planned.text;
  EXPECT_THAT(planned.text, HasSubstr("6 trials = "));
}

TEST_F(Commands, AFilesEndingSaysItsFormat) {
  const auto written = [&](const std::string& name) {
    const std::string path = (folder_ / name).string();
    const auto [code, text] = ktbench("report " + suite() + " -o " + path);
    EXPECT_EQ(code, 0) << text;
    std::ifstream file(path);
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  EXPECT_THAT(written("x.md"), testing::StartsWith("**Shapes"));
  EXPECT_THAT(written("x.tex"), HasSubstr("\\begin{tabular}"));
  EXPECT_THAT(written("x.csv"), testing::StartsWith("table,kind,"));
  EXPECT_THAT(written("x.txt"), testing::StartsWith("Shapes,"));
  EXPECT_THAT(written("x.html"), testing::StartsWith("<!DOCTYPE html>"));
  EXPECT_EQ(written("x"), written("x.txt"));
  const auto [code, text] = ktbench("report " + suite() + " -o " + (folder_ / "x.png").string());
  EXPECT_EQ(code, 2) << text;
  EXPECT_THAT(text,
              HasSubstr("no format has the ending .png; known are .txt, .md, .tex, .csv, .html"));
  EXPECT_FALSE(fs::exists(folder_ / "x.png"));
}

TEST_F(Commands, AReportSaysWhereItsPlanIsNotTheSuites) {
  const std::string report = "report " + suite(), note = "note: ";
  EXPECT_EQ(ktbench("run " + suite() + " --launcher commands").code, 0);
  EXPECT_THAT(ktbench(report).text, Not(HasSubstr(note)));
  EXPECT_EQ(ktbench("run " + suite() + " --launcher commands --filter kd --set seeds=3").code, 0);
  const auto narrowed = ktbench(report).text;
  EXPECT_THAT(narrowed, HasSubstr("planned anew; what ran last is"));
  EXPECT_THAT(narrowed, HasSubstr("the same options show that run: --filter kd --set seeds=3"));
  EXPECT_THAT(narrowed, HasSubstr("scratch"));
  EXPECT_THAT(narrowed, HasSubstr("2 seeds"));
  std::ofstream(suite(), std::ios::app) << "[table.ranks]\nlike = \"all\"\n";
  const auto changed = ktbench(report).text;
  EXPECT_THAT(changed, HasSubstr(", before the suite changed"));
  EXPECT_THAT(changed, HasSubstr("Shapes: ranks"));
  EXPECT_THAT(changed, HasSubstr("scratch"));
  const auto beside = ktbench(report + " --against " + (folder_ / "results").string());
  EXPECT_THAT(beside.text,
              ContainsRegex("B: as planned on .* with --filter kd --set seeds=3, before"));
  const auto elsewhere =
      run_command(KTB_BIN_DIR "/ktbench " + report + " --plugins " + (folder_ / "none").string() +
                  " --results " + (folder_ / "results").string());
  EXPECT_EQ(elsewhere.code, 0) << elsewhere.text;
  EXPECT_THAT(elsewhere.text, HasSubstr("cannot be planned here, so this is as planned on 20"));
  EXPECT_THAT(elsewhere.text, ContainsRegex("Shapes, as planned on 20.* with --filter kd"));
}

TEST_F(Commands, AMetricThatNoTaskHasEndsARunBeforeItStarts) {
  const auto with = [&](const std::string& metrics) {
    std::string text = kSuite;
    text.replace(text.find("metrics = [\"top1\"]"), 18, "metrics = " + metrics);
    std::ofstream(suite()) << text;
    return ktbench("run " + suite());
  };
  for (const auto& [metrics, told] :
       {std::pair<std::string, std::string>{R"(["accuracy", "f1"])", "the metric `accuracy`"},
        {R"(["top_1"])", "did you mean `top1`?"},
        {R"(["top1", "top5"])", "outputs) has top1, loss;"}}) {
    const auto [code, text] = with(metrics);
    EXPECT_EQ(code, 2) << text;
    EXPECT_THAT(text, HasSubstr(told));
    EXPECT_THAT(text, ContainsRegex("suite\\.toml:20:[0-9]+: error"));
    EXPECT_FALSE(fs::exists(folder_ / "results" / "trials"));
  }
}

TEST_F(Commands, AFilterAsksForNoDataOfWhatItLeavesOut) {
  std::string text = kSuite;
  text.replace(text.find("datasets = \"shapes\""), 19, "datasets = [\"shapes\", \"away\"]");
  text.replace(text.find("cols = \"pair\""), 13, "cols = \"dataset\"");
  text += "[dataset.away]\nplugin = \"cifar100\"\n";
  std::ofstream(suite()) << text;
  const auto away = ktbench("run " + suite() + " --launcher commands");
  EXPECT_EQ(away.code, 2) << away.text;
  EXPECT_THAT(away.text, HasSubstr("data set `away` (cifar100) not found"));
  const auto here = ktbench("run " + suite() + " --launcher commands --filter shapes");
  EXPECT_EQ(here.code, 0) << here.text;
  EXPECT_THAT(here.text, Not(HasSubstr("not found")));
}

TEST_F(Commands, ResultsStandBesideThoseOfAnotherFolder) {
  const std::string report = "report " + suite() + " --against ";
  const auto none = ktbench(report + folder_.string());
  EXPECT_EQ(none.code, 2);
  EXPECT_THAT(none.text, HasSubstr("is no folder of results"));
  fs::create_directories(folder_ / "other/trials");
  const auto [code, text] = ktbench(report + (folder_ / "other").string());
  EXPECT_EQ(code, 0) << text;
  EXPECT_THAT(text, HasSubstr("B - A"));
}

TEST_F(Commands, ResultsFolderAndJobsAreInNoKey) {
  const auto trials = [](const std::string& text) { return text.substr(text.find("\ntrials\n")); };
  const auto here = ktbench("plan " + suite() + " -j1").text;
  const auto there = run_command(KTB_BIN_DIR "/ktbench plan " + suite() +
                                 " -j7 --plugins " KTB_TEST_PLUGIN_DIR " --results " +
                                 (folder_ / "elsewhere").string())
                         .text;
  EXPECT_EQ(trials(here), trials(there));
}

TEST_F(Commands, MissingDataEndARunBeforeItStartsAndNameAProfileWithout) {
  const auto [code, text] = ktbench("run " + suite() + " --profile absent");
  EXPECT_EQ(code, 2) << text;
  EXPECT_THAT(text, HasSubstr("error: data set `shapes` (cifar100) not found; 6 trials need it"));
  EXPECT_THAT(text, HasSubstr("Nothing was run. Without it: --profile quick"));
  EXPECT_FALSE(fs::exists(folder_ / "results" / "trials"));
}

TEST_F(Commands, TheListOfCommandsNamesSourcesFirst) {
  const auto [code, text] =
      run_command("(" + line("run " + suite() + " --launcher commands") + " 2>/dev/null)");
  EXPECT_EQ(code, 0) << text;
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 8) << "two of them say which wave it is";
  EXPECT_LT(text.find("--trial scratch-mlp"), text.find("--trial kd-mlp"));
  EXPECT_THAT(text, ContainsRegex("ktbench work [^ ]*/list --trial"));
}

TEST_F(Commands, WhyNamesLinesAndTheNearestWord) {
  const auto why = ktbench("why " + suite() + " kd \"wide -> narrow\"");
  EXPECT_EQ(why.code, 0) << why.text;
  EXPECT_THAT(why.text, ContainsRegex("recipe\\.epochs +1 +[^ ]*suite\\.toml:22"));
  EXPECT_THAT(why.text, ContainsRegex("method\\.options\\.temperature +4\\.0 +default"));
  EXPECT_THAT(why.text, HasSubstr("miss: no record of this key is stored"));
  const auto unknown = ktbench("why " + suite() + " kdd");
  EXPECT_EQ(unknown.code, 2);
  EXPECT_THAT(unknown.text, HasSubstr("did you mean `kd`?"));
}

TEST_F(Commands, UsageErrorsAreTwo) {
  EXPECT_EQ(run_command(KTB_BIN_DIR "/ktbench run").code, 2);
  EXPECT_EQ(run_command(KTB_BIN_DIR "/ktbench nonsense").code, 2);
  EXPECT_EQ(ktbench("plan " + suite() + " --profile nonsense").code, 2);
  EXPECT_EQ(run_command(KTB_BIN_DIR "/ktbench --help").code, 0);
}

TEST_F(Commands, InspectReadsWhatCannotBeLoaded) {
  const auto good =
      run_command(KTB_BIN_DIR "/ktbench plugin inspect " KTB_PLUGIN_DIR "/methods/kd.so");
  EXPECT_EQ(good.code, 0) << good.text;
  EXPECT_THAT(good.text, HasSubstr("method kd"));
  const auto text = run_command(KTB_BIN_DIR "/ktbench plugin inspect " + suite());
  EXPECT_EQ(text.code, 3);
  EXPECT_THAT(text.text, HasSubstr("is no 64-bit ELF library"));
  const auto torch =
      run_command(KTB_BIN_DIR "/ktbench plugin inspect " KTB_TEST_PLUGIN_DIR "/wrong_torch.so");
  EXPECT_EQ(torch.code, 3);
  EXPECT_THAT(torch.text, HasSubstr("torch: plugin "));
}

TEST_F(Commands, SlowAnInterruptedRunGoesOnWithTheSameCommand) {
  const std::string command = line("run " + suite() + " --profile long -j1");
  const pid_t child = ::fork();
  if (child == 0) {
    ::execl("/bin/sh", "sh", "-c", ("exec " + command + " > /dev/null 2>&1").c_str(), nullptr);
    ::_exit(127);
  }
  const std::string trials = (folder_ / "results" / "trials").string();
  for (int i = 0; i < 600 && run_command("ls " + trials + "/*/progress.json").code != 0; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  ::kill(child, SIGINT);
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(WEXITSTATUS(status), 1);
  EXPECT_EQ(records("interrupted"), 1U);
  EXPECT_EQ(records("ok"), 0U);
  const auto again = run_command(command);
  EXPECT_EQ(again.code, 0) << again.text;
  EXPECT_EQ(records("ok"), 3U);
}

TEST_F(Commands, SlowANewMethodIsFourCommands) {
  const std::string here = "cd " + folder_.string() + " && ";
  const auto written = run_command(here + KTB_BIN_DIR "/ktbench plugin new method mine");
  ASSERT_EQ(written.code, 0) << written.text;
  const auto built = run_command(here + "cd mine && cmake -S . -B build && cmake --build build");
  ASSERT_EQ(built.code, 0) << built.text;
  const auto tested = run_command(here + "cd mine && " KTB_BIN_DIR
                                         "/ktbench plugin test build/plugins/methods/mine.so");
  EXPECT_EQ(tested.code, 0) << tested.text;
  const auto run = run_command(here + "cd mine && " KTB_BIN_DIR
                                      "/ktbench run mine.toml --smoke --plugins build/plugins");
  EXPECT_EQ(run.code, 0) << run.text;
  EXPECT_THAT(run.text, ContainsRegex("\nmine +[0-9]"));
  EXPECT_EQ(run_command(here + KTB_BIN_DIR "/ktbench plugin new method mine").code, 2);
}

TEST_F(Commands, SlowAnotherCompilersMethodIsTaken) {
  if (run_command("clang++ --version").code != 0) GTEST_SKIP() << "there is no clang++ here";
  const auto built = run_command("cd " + folder_.string() +
                                 " && " KTB_BIN_DIR
                                 "/ktbench plugin new method mine && CXX=clang++ cmake -S mine "
                                 "-B build && cmake --build build");
  ASSERT_EQ(built.code, 0) << built.text;
  const auto tested = run_command(KTB_BIN_DIR "/ktbench plugin test " + folder_.string() +
                                  "/build/plugins/methods/mine.so");
  EXPECT_EQ(tested.code, 0) << tested.text;
}

}  // namespace
}  // namespace ktb::tests
