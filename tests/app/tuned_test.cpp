// A suite that tunes, through the real binaries: the picked value can be found, and every id that
// is printed leads to its trial.
#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <regex>
#include <set>
#include <sstream>

#include "app/shapes.hpp"
#include "app/shell.hpp"
#include "core/base/json.hpp"
#include "core/base/text_file.hpp"
#include "temporary_folder.hpp"

namespace ktb::tests {
namespace {

namespace fs = std::filesystem;
using core::Json;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

/// A weight with which nothing is learned stands first: what is shown where nobody picks.
constexpr const char* kSuite = R"(ktbench = 1
title = "Shapes"
seeds = 2
datasets = "shapes"
methods = ["scratch", "kd"]
[recipe]
epochs = 4
batch = 32
optimizer = { name = "sgd", lr = 0.1, momentum = 0.9 }
[method.kd]
ce_weight = 0.0
tune.kd_weight = [0.0, 0.5]
)";

/// One run for all tests, which only look at it.
class SlowTuned : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    own_ = std::make_unique<TemporaryFolder>();
    std::ofstream(folder() / "suite.toml") << kSuite << kPairAndTable;
    ran_ = ktbench("run " + suite() + " -j2");
  }
  static void TearDownTestSuite() { own_.reset(); }
  void SetUp() override { ASSERT_EQ(ran_.code, 0) << ran_.text; }

  static fs::path folder() { return own_->path(); }
  static std::string suite() { return (folder() / "suite.toml").string(); }
  static Outcome ktbench(const std::string& words) {
    return run_command(KTB_BIN_DIR "/ktbench " + words +
                       " --plugins " KTB_TEST_PLUGIN_DIR " --results " +
                       (folder() / "results").string());
  }

  /// Lines of the export.
  static std::vector<Json> exported(const std::string& more = "") {
    const fs::path file = folder() / "out.jsonl";
    const auto [code, text] = ktbench("export " + suite() + " -o " + file.string() + more);
    EXPECT_EQ(code, 0) << text;
    std::vector<Json> lines;
    std::ifstream in(file);
    for (std::string line; std::getline(in, line);) lines.push_back(Json::parse(line));
    return lines;
  }

  inline static std::unique_ptr<TemporaryFolder> own_;
  inline static Outcome ran_;
};

TEST_F(SlowTuned, ThePickedValueStandsInEveryPlace) {
  const auto report = ktbench("report " + suite()).text;
  EXPECT_THAT(report,
              HasSubstr("kd_weight = 0.5: picked on validation from 2 values, 2 extra trials"));
  const auto show = ktbench("show " + suite() + " kd").text;
  EXPECT_THAT(show, ContainsRegex("picked +kd_weight = 0.5 on validation \\(top1 [01].*\\), of 2"));
  EXPECT_THAT(show, HasSubstr("kd_weight = 0.5, picked\n"));
  const auto why = ktbench("why " + suite() + " kd").text;
  EXPECT_THAT(why, ContainsRegex("picked +kd_weight = 0.5"));
  EXPECT_THAT(why, ContainsRegex("method\\.options\\.kd_weight +0\\.5 +[^ ]*suite\\.toml:12"));
  std::map<double, int> picked;
  double sum = 0;
  for (const Json& line : exported()) {
    if (line.at("method") != "kd") continue;
    EXPECT_EQ(line.at("picked"), line.at("option.kd_weight") == 0.5) << line.dump();
    EXPECT_EQ(line.at("recipe.epochs"), 4);
    if (line.at("picked") != true) continue;
    ++picked[line.at("option.kd_weight").get<double>()];
    sum += line.at("metric.top1").get<double>();
  }
  EXPECT_EQ(picked, (std::map<double, int>{{0.5, 2}}));
  char mean[16];
  std::snprintf(mean, sizeof mean, "%.1f", 50 * sum);
  EXPECT_THAT(report, ContainsRegex("kd a +" + std::string(mean))) << "the table shows these";
}

TEST_F(SlowTuned, EveryIdThatIsPrintedLeadsToItsTrial) {
  const std::string printed = ktbench("plan " + suite()).text +
                              ktbench("show " + suite() + " kd").text +
                              ktbench("status " + suite()).text;
  const std::regex id("[a-z]+-[a-z-]+-s[0-9]+-[0-9a-f]{12}");
  std::set<std::string> ids;
  for (std::sregex_iterator at(printed.begin(), printed.end(), id), end; at != end; ++at)
    ids.insert(at->str());
  ASSERT_EQ(ids.size(), 8U) << "two seeds of a source, of scratch and of two values";
  for (const std::string& one : ids) {
    for (const char* verb : {"show ", "why "}) {
      for (const std::string& words : {verb + one, verb + suite() + " " + one}) {
        const auto [code, text] = ktbench(words);
        EXPECT_EQ(code, 0) << words << "\n" << text;
        EXPECT_THAT(text, HasSubstr(one)) << words;
      }
    }
    EXPECT_THAT(ktbench("why " + one).text, HasSubstr("trial " + one));
  }
  for (const Json& line : exported()) {
    const std::string one = line.at("id");
    if (line.at("status") != "ok" || line.at("seed") != 1) continue;
    EXPECT_THAT(ktbench("rerun " + one).text, HasSubstr("identical")) << one;
  }
  EXPECT_EQ(ktbench("show kd-nobody-s0-0123456789ab").code, 2);
}

TEST_F(SlowTuned, ATrialOfNoPlanIsKnownByItsFolder) {
  const fs::path other = folder() / "other";
  fs::create_directories(other);
  fs::copy(folder() / "results/trials", other / "trials", fs::copy_options::recursive);
  for (const Json& line : exported()) {
    const std::string one = line.at("id");
    for (const char* verb : {"show ", "why "}) {
      const auto [code, text] =
          run_command(KTB_BIN_DIR "/ktbench " + (verb + one) + " --results " + other.string());
      EXPECT_EQ(code, 0) << text;
      EXPECT_THAT(text, HasSubstr("of no plan; this is what its folder says"));
      EXPECT_THAT(text, HasSubstr(one));
    }
  }
}

TEST_F(SlowTuned, CurvesAndEventFilesHoldTheTraining) {
  std::map<std::string, int> points;
  for (const Json& line : exported(" --curves")) ++points[line.at("id").get<std::string>()];
  EXPECT_EQ(points.size(), 8U);
  for (const auto& [id, count] : points) EXPECT_EQ(count, 4) << id;
  const fs::path board = folder() / "board";
  const auto [code, text] =
      ktbench("export " + suite() + " --format tensorboard -o " + board.string());
  EXPECT_EQ(code, 0) << text;
  EXPECT_THAT(text, HasSubstr("8 runs: tensorboard --logdir"));
  for (const auto& [id, count] : points)
    EXPECT_THAT(core::read_text(board / id / "events.out.tfevents.ktbench"),
                HasSubstr("recipe.optimizer.lr"));
  EXPECT_EQ(ktbench("export " + suite() + " --format tensorboard").code, 2);
}

TEST_F(SlowTuned, AReportAfterARunWithSetIsTheSuites) {
  const fs::path other = folder() / "set";
  const std::string more = " --plugins " KTB_TEST_PLUGIN_DIR " --results " + other.string();
  const std::string set = " --set recipe.epochs=1 --set seeds=1";
  const auto command = [&](const std::string& words) {
    return run_command(KTB_BIN_DIR "/ktbench " + words + more);
  };
  ASSERT_EQ(command("run " + suite() + set).code, 0);
  const auto report = command("report " + suite());
  EXPECT_THAT(report.text, HasSubstr("with --set recipe.epochs=1 --set seeds=1"));
  EXPECT_THAT(report.text, HasSubstr("planned anew"));
  EXPECT_THAT(report.text, ContainsRegex("scratch +·")) << "four epochs have not been run";
  EXPECT_THAT(command("status " + suite()).text, HasSubstr("8 trials: 8 waiting"));
  EXPECT_THAT(command("show " + suite() + " scratch").text, HasSubstr("no record"));
  EXPECT_THAT(command("export " + suite()).text, Not(HasSubstr("\"status\":\"ok\"")));
  EXPECT_THAT(command("report " + suite() + set).text, ContainsRegex("scratch +[0-9]"));
  // where the suite cannot be planned, what was run is shown and named in the first line
  const auto elsewhere = [&](const std::string& verb) {
    return run_command("(" KTB_BIN_DIR "/ktbench " + verb + " " + suite() + " --plugins " +
                       (folder() / "none").string() + " --results " + other.string() +
                       " 2>/dev/null)");
  };
  for (const char* verb : {"report", "status", "show"}) {
    const auto text = elsewhere(verb).text;
    const auto first = text.substr(0, text.find('\n'));
    EXPECT_THAT(first, ContainsRegex("as planned on 20[0-9TZ:-]+ with --set recipe.epochs=1"))
        << verb;
  }
}

TEST_F(SlowTuned, AColleagueWhoLacksAPluginIsToldSo) {
  // records without plans, as they are handed on; kd is no plugin that she has
  const fs::path other = folder() / "handed";
  fs::create_directories(other);
  fs::copy(folder() / "results/trials", other / "trials", fs::copy_options::recursive);
  const fs::path copy = folder() / "colleague.toml";
  std::string text = std::string(kSuite) + kPairAndTable;
  text.replace(text.find("[method.kd]"), 11, "[method.kd]\nplugin = \"own_kd\"");
  std::ofstream(copy) << text;
  const auto command = [&](const std::string& verb) {
    return run_command(KTB_BIN_DIR "/ktbench " + verb + " " + copy.string() +
                       " --plugins " KTB_TEST_PLUGIN_DIR " --results " + other.string());
  };
  const auto [code, report] = command("report");
  EXPECT_EQ(code, 0);
  EXPECT_THAT(report, HasSubstr("warning: no method plugin is called `own_kd`"));
  EXPECT_THAT(report, HasSubstr("cannot be told here: no method plugin is called `own_kd`"));
  EXPECT_THAT(report, ContainsRegex("scratch +[0-9]"));
  EXPECT_THAT(report, Not(HasSubstr("not run yet")));
  EXPECT_THAT(command("status").text, HasSubstr("4 not known here"));
}

}  // namespace
}  // namespace ktb::tests
