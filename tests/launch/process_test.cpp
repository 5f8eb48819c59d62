#include <gtest/gtest.h>
#include <signal.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>

#include "core/base/unicode.hpp"
#include "launch/process.hpp"
#include "temporary_folder.hpp"

namespace {

using namespace ktb::launch;
namespace fs = std::filesystem;

fs::path folder() {
  static const ktb::TemporaryFolder own;
  return own.path();
}
std::string log_file() { return folder() / "log"; }

Exit wait_for(Process& process) {
  for (int i = 0; i < 500; ++i) {
    if (const auto exit = process.poll()) return *exit;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  ADD_FAILURE() << "the child did not end";
  return {};
}

std::string text_of(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(Process, TellsExitCodesAndSignalsApart) {
  Process exits({"sh", "-c", "echo out; echo err >&2; exit 7"}, log_file());
  EXPECT_EQ(wait_for(exits).code, 7);
  EXPECT_EQ(text_of(log_file()), "out\nerr\n");
  Process crashes({"sh", "-c", "kill -SEGV $$"}, log_file());
  EXPECT_EQ(wait_for(crashes).signal, SIGSEGV);
}

TEST(Process, SaysInTheLogWhyItCouldNotStart) {
  std::fflush(nullptr);  // TSan writes out what a child has of it when it ends
  Process process({"/no/such/program"}, log_file());
  EXPECT_EQ(wait_for(process).code, 127);
  EXPECT_EQ(text_of(log_file()), "cannot start /no/such/program: No such file or directory\n");
}

TEST(Process, EndsItsWholeGroupWhenDestroyed) {
  const std::string mark = folder() / "mark";
  {
    Process process({"sh", "-c", "(sleep 0.6; touch " + mark + ") & wait"}, log_file());
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(800));
  EXPECT_FALSE(fs::exists(mark));
}

TEST(Process, KnowsItsMemory) {
  Process process({"sleep", "5"}, log_file());
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_LT(process.resident_mib(), 100U);
  process.send(SIGKILL);
  EXPECT_EQ(wait_for(process).signal, SIGKILL);
  EXPECT_EQ(process.resident_mib(), 0U);
}

TEST(Ask, CarriesMoreThanAPipeHoldsBothWays) {
  const std::string input(1 << 20, 'x');
  const Answer answer = ask({"sh", "-c", "cat; echo done >&2"}, input);
  EXPECT_EQ(answer.output, input);
  EXPECT_EQ(answer.errors, "done\n");
  EXPECT_EQ(answer.exit.code, 0);
}

TEST(Ask, OutlivesAChildThatReadsNothing) {
  EXPECT_EQ(ask({"sh", "-c", "exit 3"}, std::string(1 << 20, 'x')).exit.code, 3);
}

TEST(Shell, QuotesOnlyWhereNeeded) {
  EXPECT_EQ(shell_line({"run", "results/kd-1", "it's", ""}), "run results/kd-1 'it'\\''s' ''");
}

TEST(Shell, ALineSteersNoTerminalAndMeansTheSame) {
  const std::string hostile = "a'\x1B[31m\nb\xFF\x07";
  const std::string line = shell_line({"printf", "%s", hostile});
  EXPECT_EQ(ktb::core::printable(line), line);
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> pipe(::popen(line.c_str(), "r"), ::pclose);
  std::array<char, 64> read{};
  const std::size_t count = std::fread(read.data(), 1, read.size(), pipe.get());
  EXPECT_EQ(std::string(read.data(), count), hostile);
}

TEST(Signals, HaveNames) { EXPECT_EQ(signal_name(SIGSEGV), "SIGSEGV"); }

}  // namespace
