#include "launch/quarantine.hpp"

#include <gmock/gmock.h>

#include <string>

namespace ktb::launch {
namespace {

using core::Status;
using testing::MatchesRegex;

core::Trial trial(const std::string& method, const std::string& model = "mlp",
                  const std::string& data = "shapes") {
  static int count = 0;
  core::Trial made;
  made.id = method + std::to_string(++count);
  made.change([&](core::TrialSpec& spec) {
    spec.method.plugin = method;
    spec.target.emplace().plugin = model;
    spec.task.plugin = data;
  });
  return made;
}

class QuarantineTest : public testing::Test {
 protected:
  void end(const core::Trial& trial, Status status, int times = 1) {
    core::Record record;
    record.status = status;
    record.reason = status == Status::kCrashed ? "SIGSEGV" : "";
    for (int i = 0; i < times; ++i) quarantine_.note(trial, record);
  }
  bool starts(const core::Trial& trial) const { return quarantine_.against(trial).empty(); }

  Quarantine quarantine_{3};
};

TEST_F(QuarantineTest, ThreeCrashesInARowAreEnough) {
  end(trial("scratch"), Status::kOk);
  end(trial("kd"), Status::kCrashed, 2);
  EXPECT_TRUE(starts(trial("kd")));
  end(trial("scratch"), Status::kOk);  // of another method, between them
  end(trial("kd"), Status::kCrashed);
  EXPECT_THAT(quarantine_.against(trial("kd", "resnet", "letters")),
              MatchesRegex("not started, since method kd crashed in 3 trials in a row, last "
                           "in kd[0-9]+: SIGSEGV\\. The next run tries it again.*"));
  EXPECT_TRUE(starts(trial("scratch")));
}

TEST_F(QuarantineTest, AnEndOfItsOwnEndsTheRowAndAStopDoesNot) {
  end(trial("kd"), Status::kCrashed, 2);
  end(trial("kd"), Status::kDiverged);
  end(trial("kd"), Status::kCrashed, 2);
  EXPECT_TRUE(starts(trial("kd")));
  end(trial("kd"), Status::kInterrupted);
  end(trial("kd"), Status::kCrashed);
  EXPECT_FALSE(starts(trial("kd")));
}

TEST_F(QuarantineTest, OnlyWhatTheCrashesHaveInCommonIsLeftOut) {
  end(trial("kd", "mlp"), Status::kCrashed, 3);  // the method or the model or both
  EXPECT_FALSE(starts(trial("kd", "mlp")));
  EXPECT_TRUE(starts(trial("kd", "resnet")));
  EXPECT_TRUE(starts(trial("dkd", "mlp")));
  end(trial("dkd", "mlp"), Status::kOk);  // so it is not the model
  EXPECT_FALSE(starts(trial("kd", "resnet")));
}

TEST_F(QuarantineTest, ADataSetIsBlamedWhereNoMethodOfItEndsWell) {
  for (const char* method : {"scratch", "kd", "dkd"}) end(trial(method), Status::kCrashed);
  EXPECT_FALSE(starts(trial("at")));
  EXPECT_TRUE(starts(trial("at", "mlp", "letters")));
}

TEST_F(QuarantineTest, TwoBadMethodsDoNotCondemnTheDataSet) {
  end(trial("scratch"), Status::kOk);
  for (const char* method : {"kd", "kd", "dkd", "dkd"}) end(trial(method), Status::kCrashed);
  EXPECT_TRUE(starts(trial("at")));
  EXPECT_TRUE(starts(trial("scratch")));
}

TEST_F(QuarantineTest, ZeroLeavesNothingOut) {
  quarantine_ = Quarantine(0);
  end(trial("kd"), Status::kCrashed, 9);
  EXPECT_TRUE(starts(trial("kd")));
}

}  // namespace
}  // namespace ktb::launch
