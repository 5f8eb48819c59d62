#include "launch/progress.hpp"

#include <gmock/gmock.h>

#include <cstdio>
#include <memory>
#include <string>

#include "core/base/text_file.hpp"
#include "core/base/utf8.hpp"
#include "temporary_folder.hpp"

namespace ktb::launch {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

/// A progress on a file, a terminal or not, and a clock that is set.
class ProgressTest : public testing::Test {
 protected:
  Progress::Options options(std::optional<core::Terminal> terminal, bool quiet = false) {
    return {quiet, terminal, [this] { return now_; }};
  }
  static core::Trial trial(const std::string& method) {
    core::Trial made;
    made.change([&](core::TrialSpec& spec) {
      spec.axes = {{"method", method}, {"pair", "a -> b"}};
    });
    return made;
  }
  static core::Record record(core::Status status = core::Status::kOk) {
    core::Record made;
    made.status = status;
    made.reason = status == core::Status::kOk ? "" : "why";
    made.metrics = {{"top1", 0.831}};
    return made;
  }
  std::string written() {
    std::fflush(out_.get());
    return core::read_text(path_);
  }

  const TemporaryFolder folder_;
  const std::string path_ = (folder_.path() / "out").string();
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> out_{std::fopen(path_.c_str(), "w"),
                                                             std::fclose};
  double now_ = 100;
};

constexpr core::Terminal kTerminal{.redraws = true, .colours = true, .ascii = false, .columns = 60};

TEST_F(ProgressTest, ATrialIsOneLineWhateverItIsCalled) {
  auto named = trial("\x1B[2Jmethod\nof two lines");
  named.change([](core::TrialSpec& spec) { spec.axes["pair"] = "a\t-> b\x07"; });
  auto failed = record(core::Status::kFailed);
  failed.metrics.clear();
  failed.reason = "\x1B]0;title\x07why\nand more";
  Progress(out_.get(), 1).finished(named, failed, 1, std::nullopt);
  EXPECT_EQ(written(), "[1/1] method of two lines a -> b? s0   failed   why   1.0 s\n");
}

TEST_F(ProgressTest, AFinishedTrialStaysAboveTheLineThatIsDrawn) {
  Progress progress(out_.get(), 2, options(kTerminal));
  progress.running({{"kd a -> b s0", 50, 100}}, 40);
  progress.finished(trial("kd"), record(), 12, 30);
  EXPECT_THAT(written(), HasSubstr("[0/2] #####...............  about 40 s left  kd a -> b s0 5"));
  EXPECT_THAT(written(), EndsWith("\r\033[K[1/2] kd a -> b s0   ok   top-1 83.1   12.0 s\n"));
}

TEST_F(ProgressTest, TheLineIsCutByColumnsNotBytes) {
  Progress progress(out_.get(), 1, options(kTerminal));
  progress.running({{"蒸留 → x猫猫猫猫猫猫猫猫猫猫猫猫猫猫猫猫猫猫猫猫猫猫猫猫猫猫 s0", 1, 2}},
                   std::nullopt);
  const std::string line = written().substr(4);  // behind what clears it
  EXPECT_EQ(core::display_width(line), 58U) << "59 would have cut a wide character in two";
  EXPECT_EQ(core::cut_columns("ab猫c", 3), "ab");
  EXPECT_EQ(core::cut_columns("ab猫c", 4), "ab猫");
  EXPECT_EQ(core::cut_columns("e\xCC\x81z", 1), "e\xCC\x81") << "an accent takes no column";
}

TEST_F(ProgressTest, ATerminalWithoutUtf8GetsAscii) {
  core::Terminal plain = kTerminal;
  plain.ascii = true;
  Progress progress(out_.get(), 2, options(plain));
  progress.finished(trial("a → b"), record(), 1, std::nullopt);
  progress.running({{"a → b", 1, 2}}, std::nullopt);
  EXPECT_THAT(written(), HasSubstr("[1/2] a -> b a -> b s0   ok"));
  EXPECT_THAT(written(), EndsWith("a -> b 50 %"));
}

TEST_F(ProgressTest, OnlyWhatIsBadIsRedAndOnlyWhereThereAreColours) {
  core::Terminal plain = kTerminal;
  plain.colours = false;
  {
    Progress progress(out_.get(), 4, options(kTerminal));
    progress.finished(trial("failed"), record(core::Status::kFailed), 1, std::nullopt);
    EXPECT_THAT(written(), HasSubstr("[1/4] failed a -> b s0   \033[31mfailed\033[0m   top-1"));
  }
  Progress progress(out_.get(), 4, options(plain));
  progress.finished(trial("other"), record(core::Status::kFailed), 1, std::nullopt);
  EXPECT_THAT(written(), HasSubstr("other a -> b s0   failed   top-1"));
}

TEST_F(ProgressTest, ElsewhereALineComesAtMostEveryTenSeconds) {
  Progress progress(out_.get(), 5, options(core::Terminal()));
  progress.finished(trial("first"), record(), 1, 100);
  now_ += 9;
  progress.finished(trial("second"), record(), 1, 100);
  progress.finished(trial("bad"), record(core::Status::kCrashed), 1, 100);
  now_ += 9;
  progress.finished(trial("fourth"), record(), 1, 100);
  EXPECT_EQ(written(),
            "[1/5] first a -> b s0   ok   top-1 83.1   1.0 s   about 2 min left\n"
            "[3/5] bad a -> b s0   crashed   top-1 83.1   why   1.0 s   about 2 min left   and 1 "
            "before it\n");
  now_ += 2;
  progress.finished(trial("last"), record(), 1, 0);
  EXPECT_THAT(written(),
              EndsWith("[5/5] last a -> b s0   ok   top-1 83.1   1.0 s   and 1 before it\n"
                       "5 trials in 20.0 s, 15.0 a minute\n"));
}

TEST_F(ProgressTest, ElsewhereThereIsASignOfLifeEveryMinuteWithTheThroughput) {
  Progress progress(out_.get(), 2, options(core::Terminal()));
  progress.finished(trial("first"), record(), 1, 100);
  progress.running({{"kd", 100, 20000}}, 300);
  EXPECT_THAT(written(), Not(HasSubstr("kd 0 %")));
  now_ += 60;
  progress.running({{"kd", 12100, 20000}}, 300);
  progress.running({{"kd", 12100, 20000}}, 300);
  EXPECT_THAT(written(), EndsWith("left\n[1/2]  about 5 min left  200 steps/s  kd 60 %\n"));
}

TEST_F(ProgressTest, AQuietOneSpeaksOfFailuresAlone) {
  Progress progress(out_.get(), 3, options(kTerminal, true));
  progress.finished(trial("first"), record(), 1, 100);
  progress.running({{"kd", 1, 2}}, 300);
  progress.finished(trial("bad"), record(core::Status::kFailed), 1, 100);
  progress.finished(trial("last"), record(), 1, 0);
  EXPECT_THAT(written(), testing::StartsWith("[2/3] bad"));
  EXPECT_THAT(written(), EndsWith("1.0 s\n"));
}

}  // namespace
}  // namespace ktb::launch
