#include "core/store/inspection.hpp"

#include <gmock/gmock.h>

#include <filesystem>

#include "core/base/json_file.hpp"
#include "core/base/text_file.hpp"
#include "core/store/made_results.hpp"

namespace ktb::core {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class InspectionTest : public testing::Test {
 protected:
  InspectionTest() { MadeResults::make(store_, plan_); }

  Reason fault() const { return fault_of(store_, trial_.id); }
  TrialFolder folder() const { return store_.folder(trial_.id); }
  /// Of trial.json.
  template <class Change>
  void forge(Change change) {
    Json json = parse_json(read_text(folder().spec()), "trial.json");
    change(json);
    MadeResults::write(folder().spec(), json.dump());
  }

  MadeResults made_;
  const Plan plan_ = made_.plan();
  const Trial trial_ = MadeResults::of(plan_, "kd-");
  const Trial source_ = MadeResults::of(plan_, "scratch-resnet");
  const Store store_ = made_.store("a");
};

TEST_F(InspectionTest, WhatARunLeftIsWhole) {
  for (const auto& trial : plan_.trials) EXPECT_EQ(fault_of(store_, trial.id), "");
}

TEST_F(InspectionTest, AKeyIsTheHashOfWhatItWasMadeOf) {
  forge([](Json& json) { json["fields"]["recipe"]["epochs"] = 999; });
  EXPECT_THAT(fault(), HasSubstr("its key is not the hash"));
  forge([](Json& json) { json.erase("fields"); });
  EXPECT_THAT(fault(), HasSubstr("does not say what its key was made of"));
}

TEST_F(InspectionTest, ATrialIsWhatItsKeySays) {
  const std::string whole = read_text(folder().spec());
  const auto expect = [&](auto change, const std::string& part) {
    forge(change);
    EXPECT_EQ(fault(), "`" + part + "` of trial.json is not what its key was made of");
    MadeResults::write(folder().spec(), whole);
  };
  expect([](Json& json) { json["recipe"]["batch"] = 1; }, "recipe");
  expect([](Json& json) { json["method"]["options"]["temperature"] = 9; }, "method");
  expect([](Json& json) { json["task"]["train"] = 5; }, "task");
  expect([](Json& json) { json["task"]["hash"] = "other data"; }, "task.hash");
  expect([](Json& json) { json["sources"][0]["mode"] = "trained-joint"; }, "sources");
  expect([](Json& json) { json["build"] = "2222"; }, "build");
  forge([](Json& json) { json["sources"][0]["trial"] = "scratch-other-s0-000000000000"; });
  EXPECT_THAT(fault(), HasSubstr("`sources.trial` of trial.json"));
}

TEST_F(InspectionTest, ARecordIsOfItsTrial) {
  MadeResults::change(store_, trial_.id, [](Record& record) { record.key = "another"; });
  EXPECT_THAT(fault(), HasSubstr("have unlike keys"));
  MadeResults::write(folder().record(), "{\"id\": ");
  EXPECT_THAT(fault(), HasSubstr("record.json"));
  fs::remove(folder().record());
  EXPECT_EQ(fault(), "it has no record.json");
  fs::rename(store_.folder(source_.id).path(), store_.folder("scratch-x").path());
  EXPECT_THAT(fault_of(store_, "scratch-x"), HasSubstr("trial.json calls it scratch-resnet"));
}

TEST_F(InspectionTest, SamplesAreAsManyAndAsRightAsTheRecordSays) {
  MadeResults::change(store_, trial_.id, [](Record& record) { record.metrics["top1"] = 0.99; });
  EXPECT_EQ(fault(), "its samples say top-1 0.7500 and its record 0.9900");
  MadeResults::write(folder().samples(), "");
  EXPECT_EQ(fault(), "samples.bin holds 0 bytes, and the record counts 4 samples");
}

TEST_F(InspectionTest, WeightsThatOthersNeedAreThereInFull) {
  const fs::path weights = store_.folder(source_.id).weights();
  MadeResults::write(weights, tensor_file({1, 2}, "another key"));
  EXPECT_THAT(fault_of(store_, source_.id), HasSubstr("are another trial's"));
  const std::string whole = tensor_file({1, 2}, source_.key);
  MadeResults::write(weights, whole.substr(0, whole.size() - 1));
  EXPECT_THAT(fault_of(store_, source_.id), HasSubstr("data ends before the tensors do"));
  fs::remove(weights);
  EXPECT_THAT(fault_of(store_, source_.id), HasSubstr("it has no weights.safetensors"));
}

TEST_F(InspectionTest, ALinkIsNoFileOfTheTrial) {
  const fs::path elsewhere = made_.folder("elsewhere");
  fs::rename(folder().samples(), elsewhere);
  fs::create_symlink(elsewhere, folder().samples());
  EXPECT_THAT(fault(), HasSubstr("samples.bin holds 0 bytes"));
}

}  // namespace
}  // namespace ktb::core
