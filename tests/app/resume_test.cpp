// Runs that are killed, through the real binaries: they go on, and end as one that was not.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <string>
#include <thread>

#include "app/shapes.hpp"
#include "app/shell.hpp"
#include "core/base/json.hpp"
#include "core/base/text_file.hpp"
#include "temporary_folder.hpp"

namespace ktb::tests {
namespace {

namespace fs = std::filesystem;
using core::Json;
using testing::HasSubstr;

/// Trials of about a second each, whose epochs are long: what is lost without checkpoints shows.
constexpr const char* kSuite = R"(ktbench = 1
title = "Shapes"
seeds = 2
datasets = "shapes"
methods = ["scratch", "kd", "mergenet"]
[recipe]
epochs = 250
batch = 32
validation = 0.2
select = "best-validation"
optimizer = { name = "sgd", lr = 0.1, momentum = 0.9 }
schedule = { name = "cosine" }
[method.mergenet.recipe]
epochs = 25
)";

class KilledSuite {
 public:
  KilledSuite() { std::ofstream(suite()) << kSuite << kPairAndTable; }

  std::string command(const std::string& verb, const std::string& results) const {
    return KTB_BIN_DIR "/ktbench " + verb + " " + suite().string() +
           " --plugins " KTB_TEST_PLUGIN_DIR " --results " + (folder_ / results).string();
  }
  fs::path results(const std::string& name) const { return folder_ / name; }

  /// Runs it, and after so many milliseconds kills all of it, or only one of its workers. Whether
  /// there was somebody to kill.
  bool killed(const std::string& results, int after, bool only_a_worker) const {
    const pid_t child = ::fork();
    if (child == 0) {
      const int nowhere = ::open("/dev/null", O_WRONLY);
      ::dup2(nowhere, 1), ::dup2(nowhere, 2);
      ::execl("/bin/sh", "sh", "-c", ("exec " + run(results)).c_str(), nullptr);
      ::_exit(127);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(after));
    const pid_t victim = only_a_worker ? a_worker_of(child) : child;
    if (victim > 0) ::kill(victim, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    return only_a_worker ? victim > 0 : WIFSIGNALED(status);
  }

  /// A checkpoint about every tenth of a second.
  std::string run(const std::string& results) const {
    return command("run", results) + " -j2 --checkpoint 0.0015";
  }

 private:
  fs::path suite() const { return folder_ / "suite.toml"; }

  /// 0: it has none.
  static pid_t a_worker_of(pid_t parent) {
    const auto id = std::to_string(parent);
    std::ifstream children("/proc/" + id + "/task/" + id + "/children");
    pid_t worker = 0;
    children >> worker;
    return worker;
  }

  const TemporaryFolder own_;
  const fs::path folder_ = own_.path();
};

/// All records without what passes: times and the machine.
std::map<std::string, Json> lasting(const fs::path& results) {
  std::map<std::string, Json> all;
  for (const auto& entry : fs::directory_iterator(results / "trials")) {
    auto record = Json::parse(core::read_text(entry.path() / "record.json"));
    for (const char* passing : {"cost", "provenance"}) record.erase(passing);
    all[entry.path().filename()] = record;
  }
  return all;
}

/// Kills suites, five times each and `most` times in all, and goes on with them to the end.
void expect_the_same_after_kills(int most) {
  const KilledSuite suite;
  const auto whole = run_command(suite.run("whole"));
  ASSERT_EQ(whole.code, 0) << whole.text;
  std::mt19937 dice(1);
  std::uniform_int_distribution moment(100, 2500);
  int kills = 0, gone_on = 0;
  for (int round = 0; kills < most; ++round) {
    ASSERT_LT(round, most) << "it is over before it can be killed";
    const auto results = "killed" + std::to_string(round);
    for (int i = 0; i < 5 && suite.killed(results, moment(dice), i % 2 == 1); ++i) ++kills;
    const auto end = run_command(suite.run(results));
    ASSERT_EQ(end.code, 0) << end.text;
    EXPECT_EQ(table_of(end.text), table_of(whole.text));
    EXPECT_EQ(lasting(suite.results(results)), lasting(suite.results("whole")));
    for (const auto& entry : fs::directory_iterator(suite.results(results) / "trials")) {
      EXPECT_FALSE(fs::exists(entry.path() / "checkpoint.safetensors")) << entry.path();
      const auto record = Json::parse(core::read_text(entry.path() / "record.json"));
      gone_on += record["cost"].contains("resumed");
    }
    fs::remove_all(suite.results(results));
  }
  EXPECT_GT(gone_on, 0) << "no trial went on where it was killed";
}

TEST(Resume, SlowKillsChangeNoByteOfTheTable) { expect_the_same_after_kills(5); }
TEST(Resume, NightlyFiftyKillsChangeNoByteOfTheTable) { expect_the_same_after_kills(50); }

TEST(Resume, SlowIsVerifiedForEveryMethodOfASuite) {
  const KilledSuite suite;
  const auto [code, text] = run_command(suite.command("verify-resume", "results"));
  EXPECT_EQ(code, 0) << text;
  for (const char* method : {"scratch", "kd", "mergenet"})
    EXPECT_THAT(text, HasSubstr(std::string("  ") + method + ": identical\n"));
  EXPECT_THAT(text, HasSubstr("a run that was killed ends as one that was not"));
}

}  // namespace
}  // namespace ktb::tests
