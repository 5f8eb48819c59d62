#include "launch/intake.hpp"

#include <gmock/gmock.h>

#include <filesystem>

#include "core/base/text_file.hpp"
#include "core/store/made_results.hpp"
#include "launch/lock.hpp"

namespace ktb::launch {
namespace {

namespace fs = std::filesystem;
using core::MadeResults;
using Verdict = Intake::Verdict;
using testing::HasSubstr;
using testing::IsEmpty;

class IntakeTest : public testing::Test {
 protected:
  IntakeTest() { MadeResults::make(theirs_, plan_); }

  Intake take(bool dry = false) const { return take_in(theirs_, trial_.id, ours_, dry); }

  MadeResults made_;
  const core::Plan plan_ = made_.plan();
  const core::Trial trial_ = MadeResults::of(plan_, "scratch-resnet");
  const core::Store theirs_ = made_.store("theirs"), ours_ = made_.store("ours");
};

TEST_F(IntakeTest, ATrialThatIsWholeIsTakenAndServesThePlan) {
  MadeResults::write(theirs_.folder(trial_.id).confusion(), "{}");
  const auto taken = take();
  EXPECT_EQ(taken.verdict, Verdict::kTaken) << taken.reason;
  EXPECT_EQ(taken.build, "1111");
  EXPECT_TRUE(ours_.reusable(trial_, true));
  const auto from = theirs_.folder(trial_.id), to = ours_.folder(trial_.id);
  for (const char* name : {"trial.json", "record.json", "curve.jsonl", "samples.bin",
                           "confusion.json", "weights.safetensors"})
    EXPECT_EQ(core::read_text(from.path() / name), core::read_text(to.path() / name)) << name;
}

TEST_F(IntakeTest, ADryRunWritesNothing) {
  EXPECT_EQ(take(true).verdict, Verdict::kTaken);
  EXPECT_FALSE(fs::exists(ours_.results()));
}

TEST_F(IntakeTest, WhatIsHereAlreadyIsKept) {
  MadeResults::make(ours_, trial_);
  MadeResults::change(ours_, trial_.id, [](core::Record& record) { record.warnings = {"ours"}; });
  EXPECT_EQ(take().verdict, Verdict::kKept);
  EXPECT_EQ(ours_.load(trial_.id)->warnings.at(0), "ours");
}

TEST_F(IntakeTest, AFailureHereMakesWayForAResult) {
  MadeResults::make(ours_, trial_);
  MadeResults::change(ours_, trial_.id,
                      [](core::Record& record) { record.status = core::Status::kCrashed; });
  EXPECT_EQ(take().verdict, Verdict::kTaken);
  EXPECT_TRUE(ours_.load(trial_.id)->ok());
}

TEST_F(IntakeTest, AFailureThereIsNoResult) {
  MadeResults::change(theirs_, trial_.id,
                      [](core::Record& record) { record.status = core::Status::kCrashed; });
  EXPECT_EQ(take().verdict, Verdict::kNoResult);
  EXPECT_EQ(take().reason, "crashed");
  fs::remove(theirs_.folder(trial_.id).record());
  EXPECT_EQ(take().reason, "no record");
  EXPECT_THAT(ours_.trials(), IsEmpty());
}

TEST_F(IntakeTest, WhatIsNotWholeIsRefusedWithTheReason) {
  fs::remove(theirs_.folder(trial_.id).weights());
  const auto taken = take();
  EXPECT_EQ(taken.verdict, Verdict::kRefused);
  EXPECT_THAT(taken.reason, HasSubstr("it has no weights.safetensors"));
  EXPECT_THAT(ours_.trials(), IsEmpty());
}

TEST_F(IntakeTest, ATrialAtWorkHereIsNotTouched) {
  const auto lock = TrialLock::take(ours_.folder(trial_.id));
  EXPECT_EQ(take().verdict, Verdict::kRefused);
  EXPECT_EQ(take().reason, "it is at work here");
}

TEST_F(IntakeTest, OnlyATrialsOwnFilesAreTaken) {
  const auto from = theirs_.folder(trial_.id);
  MadeResults::write(from.path() / "install.sh", "rm -rf /");
  MadeResults::write(made_.folder("secret"), "secret");
  fs::create_symlink(made_.folder("secret"), from.log());
  EXPECT_EQ(take().verdict, Verdict::kTaken);
  EXPECT_FALSE(fs::exists(ours_.folder(trial_.id).path() / "install.sh"));
  EXPECT_FALSE(fs::exists(ours_.folder(trial_.id).log()));
}

}  // namespace
}  // namespace ktb::launch
