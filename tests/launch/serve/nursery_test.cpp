#include "launch/serve/nursery.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "core/base/error.hpp"
#include "temporary_folder.hpp"

namespace {

using namespace ktb::launch;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
namespace fs = std::filesystem;

using Command = std::vector<std::string>;

class NurseryTest : public testing::Test {
 protected:
  void SetUp() override {
#ifdef __SANITIZE_THREAD__
    GTEST_SKIP() << "TSan has a thread of its own, beside which no server forks";
#endif
  }

  Nursery nursery(const Command& server = {KTB_BIN_DIR "/fake_server"}) {
    return Nursery(server, [this](const std::string& text) { notes_.push_back(text); });
  }

  std::unique_ptr<Process> start(Nursery& nursery, const std::string& script) {
    return nursery.start({"sh", "-c", script}, log());
  }

  static Exit ended(Process& process) {
    for (int i = 0; i < 1000; ++i) {
      if (const auto exit = process.poll()) return *exit;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    ADD_FAILURE() << "it did not end";
    return {};
  }

  /// What a script prints.
  std::string said(Nursery& nursery, const std::string& script) {
    const auto process = start(nursery, script);
    ended(*process);
    return text_of(log());
  }

  /// Not of one that has ended and that nobody has asked about.
  static bool runs(pid_t pid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
    std::string number, name, state;
    return file >> number >> name >> state && state != "Z";
  }

  static std::string text_of(const fs::path& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  std::string log() const { return folder_.path() / "log"; }

  const ktb::TemporaryFolder folder_;
  std::vector<std::string> notes_;
};

TEST_F(NurseryTest, OneServerStartsAllAndTellsHowTheyEnd) {
  auto trials = nursery();
  const auto parent = said(trials, "echo $PPID");
  EXPECT_EQ(said(trials, "echo $PPID"), parent);
  EXPECT_NE(parent, std::to_string(::getpid()) + "\n");
  const auto exits = start(trials, "exit 7"), crashes = start(trials, "kill -SEGV $$");
  EXPECT_EQ(ended(*exits).code, 7);
  EXPECT_EQ(ended(*exits).code, 7) << "asked again";
  EXPECT_EQ(ended(*crashes).signal, SIGSEGV);
  EXPECT_THAT(notes_, IsEmpty());
}

TEST_F(NurseryTest, AChildReadsNothingAndItsLogHasBothStreams) {
  auto trials = nursery();
  EXPECT_EQ(said(trials, "cat; echo out; echo err >&2"), "out\nerr\n");
  EXPECT_EQ(said(trials, "echo less"), "less\n") << "what stood there before is gone";
}

TEST_F(NurseryTest, AChildHasNoSignalBlockedAndNoFileOfOthers) {
  const std::string script = R"(while read -r name value; do
  case $name in SigBlk:|SigIgn:) echo $name $value ;; esac
done < /proc/$$/status
for file in /proc/$$/fd/*; do echo ${file##*/}; done)";  // no pipe: its ends would be among them
  auto trials = nursery(), none = nursery({});
  EXPECT_EQ(said(trials, script), said(none, script));
}

TEST_F(NurseryTest, EachHasAMarkOfItsOwn) {
  auto trials = nursery();
  const std::string script =
      "tr '\\0' '\\n' < /proc/$$/environ | grep ^KTBENCH_TRIAL | tail -n 1; "
      "echo KTBENCH_TRIAL=$KTBENCH_TRIAL";
  std::istringstream first(said(trials, script)), second(said(trials, script));
  std::string kernel, own, other;
  std::getline(first, kernel), std::getline(first, own), std::getline(second, other);
  EXPECT_EQ(kernel, own);
  EXPECT_NE(kernel, other);
  EXPECT_THAT(kernel, HasSubstr(std::to_string(::getpid())));
}

TEST_F(NurseryTest, WhatOneLeavesBehindEndsWithItAndTheOthersGoOn) {
  auto trials = nursery();
  const auto other = start(trials, "sleep 60");
  const auto left = said(trials, "setsid sleep 60 > /dev/null 2>&1 & echo $!");
  EXPECT_FALSE(runs(std::stoi(left))) << "it outlived what started it";
  EXPECT_FALSE(other->poll());
  other->send(SIGTERM);
  EXPECT_EQ(ended(*other).signal, SIGTERM);
}

TEST_F(NurseryTest, AfterTheServersDeathAnotherGoesOn) {
  auto trials = nursery();
  const auto process = start(trials, "echo $PPID; sleep 60");
  while (text_of(log()).empty()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  const auto server = std::stoi(text_of(log()));
  ::kill(server, SIGKILL);
  EXPECT_EQ(ended(*process).signal, SIGKILL);
  EXPECT_EQ(said(trials, "echo here"), "here\n");
  EXPECT_NE(said(trials, "echo $PPID"), std::to_string(::getpid()) + "\n");
  EXPECT_THAT(notes_, IsEmpty());
}

TEST_F(NurseryTest, OneThatHasThreadsSaysSoAndEachStartsFromNothing) {
  auto trials = nursery({KTB_BIN_DIR "/fake_server", "thread"});
  const auto here = std::to_string(::getpid()) + "\n";
  EXPECT_EQ(said(trials, "echo $PPID"), here);
  EXPECT_EQ(said(trials, "echo $PPID"), here);
  EXPECT_THAT(notes_, ElementsAre(HasSubstr("ktbench-worker has 2 threads")));
}

TEST_F(NurseryTest, WithoutAServerEachStartsFromNothing) {
  for (const auto& server : {Command{"/no/such/program"}, Command{"true"}}) {
    notes_.clear();
    auto trials = nursery(server);
    EXPECT_EQ(said(trials, "echo $PPID"), std::to_string(::getpid()) + "\n");
    EXPECT_THAT(notes_, ElementsAre(HasSubstr("no ktbench-worker stays"))) << server[0];
  }
  notes_.clear();
  auto none = nursery({});
  EXPECT_EQ(said(none, "echo $PPID"), std::to_string(::getpid()) + "\n");
  EXPECT_THAT(notes_, IsEmpty()) << "none was asked for";
}

TEST_F(NurseryTest, ForASilentServerNobodyWaitsForEver) {
  Nursery trials(
      {"cat"}, [this](const std::string& text) { notes_.push_back(text); },
      std::chrono::milliseconds(300));
  EXPECT_EQ(said(trials, "echo $PPID"), std::to_string(::getpid()) + "\n");
  EXPECT_THAT(notes_, ElementsAre(HasSubstr("no ktbench-worker stays")));
}

/// Commands on a GPU, which run after one another in a process that stays there.
class StayingTest : public NurseryTest {
 protected:
  std::unique_ptr<Process> start(const std::string& script, const std::string& gpu = "") {
    return trials_->start({"sh", "-c", script}, log(), gpu);
  }
  std::string said(const std::string& script, const std::string& gpu = "") {
    const auto process = start(script, gpu);
    ended(*process);
    return text_of(log());
  }

  std::unique_ptr<Nursery> trials_ =
      std::make_unique<Nursery>(Command{KTB_BIN_DIR "/fake_server", "stays"},
                                [this](const std::string& text) { notes_.push_back(text); });
};

TEST_F(StayingTest, OneProcessRunsOneAfterAnother) {
  const auto first = said("echo $PPID");
  EXPECT_EQ(said("echo $PPID"), first);
  EXPECT_EQ(said("cat; echo out; echo err >&2"), "out\nerr\n") << "in the log of its own";
  EXPECT_EQ(said("echo $PPID"), first);
  EXPECT_NE(NurseryTest::said(*trials_, "echo $PPID"), first) << "one that is to be for itself";
  EXPECT_THAT(notes_, IsEmpty());
}

TEST_F(StayingTest, TwoAtOnceAreTwoProcessesAndBothStay) {
  const auto waits = start("while [ ! -e " + log() + ".go ]; do sleep 0.01; done; echo $PPID");
  const auto other = log() + ".other";
  const auto beside = trials_->start({"sh", "-c", "echo $PPID"}, other, "");
  EXPECT_EQ(ended(*beside).code, 0);
  EXPECT_FALSE(waits->poll());
  std::ofstream(log() + ".go").put('\n');
  EXPECT_EQ(ended(*waits).code, 0);
  const auto first = text_of(log()), second = text_of(other);
  EXPECT_NE(first, second);
  for (int i = 0; i < 4; ++i) EXPECT_THAT(said("echo $PPID"), testing::AnyOf(first, second));
}

TEST_F(StayingTest, EachStaysOnAGpuOfItsOwn) {
  const std::string script = "echo $CUDA_VISIBLE_DEVICES $PPID";
  const auto three = said(script, "3"), named = said(script, "GPU-7"), found = said(script);
  EXPECT_THAT(three, testing::StartsWith("3 "));
  EXPECT_THAT(named, testing::StartsWith("GPU-7 "));
  EXPECT_EQ(said(script, "3"), three);
  EXPECT_EQ(said(script, "GPU-7"), named);
  EXPECT_EQ(said(script), found);
}

TEST_F(StayingTest, WhatACommandLeavesBehindEndsWithItAndTheProcessStays) {
  const auto parent = said("echo $PPID");
  const auto left = said("setsid sleep 60 > /dev/null 2>&1 & echo $!");
  EXPECT_FALSE(runs(std::stoi(left))) << "it outlived what started it";
  EXPECT_EQ(said("echo $PPID"), parent);
}

TEST_F(StayingTest, WhereOneIsToRunNoOtherTheNextStarts) {
  const auto first = said("echo $PPID");
  EXPECT_EQ(ended(*start("exit 7")).code, 7);
  const auto second = said("echo $PPID");
  EXPECT_NE(second, first);
  EXPECT_THAT(notes_, IsEmpty()) << "a fault says enough of itself";
  for (int i = 0; i < 2; ++i) EXPECT_EQ(ended(*start("exit 3")).code, 3);
  EXPECT_THAT(notes_, ElementsAre("it left something behind")) << "said once";
  EXPECT_NE(said("echo $PPID"), second);
}

TEST_F(StayingTest, ACrashAndAKillEndItAndAreSeen) {
  const auto first = said("echo $PPID");
  EXPECT_EQ(ended(*start("kill -SEGV $$")).signal, SIGSEGV);
  const auto killed = start("sleep 60");
  EXPECT_FALSE(killed->poll());
  killed->send(SIGKILL);
  EXPECT_EQ(ended(*killed).signal, SIGKILL);
  EXPECT_NE(said("echo $PPID"), first);
  EXPECT_THAT(notes_, IsEmpty());
}

TEST_F(StayingTest, ASignalForOneThatHasEndedReachesNoOther) {
  const auto before = start("true");
  std::this_thread::sleep_for(
      std::chrono::milliseconds(300));  // it has ended, and nobody has asked
  const auto next = start("sleep 0.3; echo done");
  before->send(SIGKILL);
  EXPECT_EQ(ended(*next).code, 0);
  EXPECT_EQ(text_of(log()), "done\n");
}

TEST_F(StayingTest, EndsWithTheServer) {
  const auto lane = std::stoi(said("echo $PPID"));
  EXPECT_TRUE(runs(lane));
  trials_.reset();
  for (int tries = 0; runs(lane) && tries < 100; ++tries)
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_FALSE(runs(lane));
}

TEST_F(NurseryTest, WithoutAServerAGpuIsNamedAllTheSame) {
  auto none = nursery({});
  const auto process = none.start({"sh", "-c", "echo $CUDA_VISIBLE_DEVICES"}, log(), "2");
  EXPECT_EQ(ended(*process).code, 0);
  EXPECT_EQ(text_of(log()), "2\n");
}

TEST_F(NurseryTest, WhatItStartedEndsWithIt) {
  const auto mark = folder_.path() / "mark";
  {
    auto trials = nursery();
    const auto process = start(trials, "(sleep 0.6; touch " + mark.string() + ") & wait");
    EXPECT_FALSE(process->poll());
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(800));
  EXPECT_FALSE(fs::exists(mark));
}

TEST_F(NurseryTest, AllEndsWithTheProcessThatAskedForIt) {
  const auto pids = folder_.path() / "pids";
  const pid_t asks = ::fork();
  if (asks == 0) {
    auto trials = nursery();
    const auto process = start(trials, "echo $$ $PPID > " + pids.string() + ".new; mv " +
                                           pids.string() + ".new " + pids.string() + "; sleep 60");
    ::pause();
  }
  while (!fs::exists(pids)) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  pid_t child = 0, server = 0;
  std::ifstream(pids) >> child >> server;
  EXPECT_TRUE(runs(child) && runs(server));
  ::kill(asks, SIGKILL);
  ::waitpid(asks, nullptr, 0);
  for (int tries = 0; (runs(child) || runs(server)) && tries < 100; ++tries)
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_FALSE(runs(child));
  EXPECT_FALSE(runs(server));
}

TEST_F(NurseryTest, KeepsNothingOfThreeHundred) {
  auto trials = nursery();
  const auto its_files = [&] { return std::stoi(said(trials, "ls /proc/$PPID/fd | wc -l")); };
  const auto files = [] {
    return std::distance(fs::directory_iterator("/proc/self/fd"), fs::directory_iterator());
  };
  const auto first = its_files();
  const auto before = files();
  for (int i = 0; i < 299; ++i) said(trials, "true");
  EXPECT_LT(its_files(), first + 5) << "the last one's may not be closed yet";
  EXPECT_EQ(files(), before);
}

TEST_F(NurseryTest, ALogThatCannotBeWrittenIsAnError) {
  auto trials = nursery();
  EXPECT_THROW(trials.start({"true"}, "/no/such/folder/log"), ktb::core::Error);
}

}  // namespace
