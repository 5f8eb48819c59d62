#include "core/store/comparison.hpp"

#include <gmock/gmock.h>

#include <filesystem>

#include "core/base/json_file.hpp"
#include "core/base/text_file.hpp"
#include "core/store/made_results.hpp"

namespace ktb::core {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

/// One trial in two folders, first alike in everything.
class ComparisonTest : public testing::Test {
 protected:
  ComparisonTest() {
    MadeResults::make(first_, trial_);
    MadeResults::make(second_, trial_);
  }
  Comparison compared(double tolerance = kTolerance) const {
    return compare(first_, trial_.id, second_, trial_.id, tolerance);
  }
  template <class Change>
  void change(Change how) {
    MadeResults::change(second_, trial_.id, how);
  }
  TrialFolder folder() const { return second_.folder(trial_.id); }

  MadeResults made_;
  const Plan plan_ = made_.plan();
  const Trial trial_ = MadeResults::of(plan_, "scratch-resnet");
  const Store first_ = made_.store("a"), second_ = made_.store("b");
};

TEST_F(ComparisonTest, TimesMachineAndNamesDoNotCount) {
  change([](Record& record) {
    record.cost["train_seconds"] = 5;
    record.axes["method"] = "another name";
    record.provenance["host"] = "elsewhere";
    record.provenance["cpu"] = "B";
  });
  MadeResults::write(folder().curve(), "{\"step\": 1, \"seconds\": 9, \"loss\": 0.7}\n");
  Json json = parse_json(read_text(folder().record()), "record");
  json["weights"] = "a digest";
  MadeResults::write(folder().record(), json.dump());
  fs::remove(folder().weights());  // nobody needs them there
  const auto found = compared();
  EXPECT_EQ(found.agreement, Agreement::kIdentical);
  EXPECT_THAT(found.causes, IsEmpty());
}

TEST_F(ComparisonTest, NumbersWithinTheToleranceAreEqual) {
  change([](Record& record) {
    record.metrics["loss"] += 2e-7;
    record.provenance["threads"] = 4;
  });
  MadeResults::write(folder().weights(), tensor_file({1, 2.0000005F}, trial_.key));
  const auto found = compared();
  EXPECT_EQ(found.agreement, Agreement::kEqual);
  EXPECT_NEAR(found.distance, 2.4e-7, 5e-8);
  EXPECT_THAT(found.differences, IsEmpty());
  EXPECT_THAT(found.causes, ElementsAre("threads: 1 -> 4"));
  EXPECT_EQ(compared(0).agreement, Agreement::kDifferent);
}

TEST_F(ComparisonTest, ACpuAndAGpuAreNearEachOtherAtBest) {
  change([](Record& record) {
    record.metrics["loss"] += 0.01;
    record.provenance["device"] = "NVIDIA H200";
  });
  MadeResults::change(first_, trial_.id,
                      [](Record& record) { record.provenance["device"] = "cpu"; });
  EXPECT_THAT(compared().causes,
              ElementsAre(HasSubstr("device cpu -> NVIDIA H200 (a CPU and a GPU")));
  MadeResults::change(first_, trial_.id,
                      [](Record& record) { record.provenance["device"] = "NVIDIA H100"; });
  EXPECT_THAT(compared().causes, ElementsAre("machine: device NVIDIA H100 -> NVIDIA H200"));
}

TEST_F(ComparisonTest, WhatNoRunRepeatsIsACause) {
  change([](Record& record) { record.metrics["loss"] += 0.01; });
  MadeResults::change(first_, trial_.id, [](Record& record) {
    record.warnings.push_back(std::string("without `deterministic`, on the same GPU") +
                              kNotRepeatable);
  });
  EXPECT_THAT(compared().causes, ElementsAre(HasSubstr("without `deterministic`")));
}

TEST_F(ComparisonTest, EachPartThatDiffersIsNamed) {
  change([](Record& record) { record.metrics["top1"] = 0.5; });
  MadeResults::write(folder().curve(), "{\"step\": 1, \"seconds\": 3, \"loss\": 0.8}\n");
  MadeResults::write(folder().samples(), "\x03");
  MadeResults::write(folder().weights(), tensor_file({1, 3}, trial_.key));
  const auto found = compared();
  EXPECT_EQ(found.agreement, Agreement::kDifferent);
  EXPECT_THAT(found.differences,
              ElementsAre("metrics.top1: 0.75 -> 0.5", "curve.jsonl, line 1: loss: 0.7 -> 0.8",
                          "samples.bin: 1 of 4 test samples are judged otherwise",
                          "weights.safetensors: w is up to 0.33 apart"));
}

TEST_F(ComparisonTest, AnswersCountWhereBothKeptThem) {
  const fs::path first = first_.folder(trial_.id).confusion();
  MadeResults::write(first, R"({"classes": [], "counts": [[2, 0], [1, 1]]})");
  EXPECT_EQ(compared().agreement, Agreement::kIdentical);
  MadeResults::write(folder().confusion(), R"({"classes": [], "counts": [[1, 1], [1, 1]]})");
  EXPECT_THAT(compared().differences, ElementsAre("confusion.json: 1 of 4 answers are others"));
  MadeResults::write(folder().confusion(), "[]");
  EXPECT_THAT(compared().differences, ElementsAre("confusion.json: cannot be read"));
}

TEST_F(ComparisonTest, AFileThatIsMissingOrBrokenIsADifference) {
  fs::remove(folder().samples());
  MadeResults::write(folder().weights(), "nonsense");
  EXPECT_THAT(compared().differences,
              UnorderedElementsAre("samples.bin: only the first has it",
                                   HasSubstr("weights.safetensors: not a safetensors file")));
}

TEST_F(ComparisonTest, AllThatTheRecordsTellIsACause) {
  change([](Record& record) {
    record.metrics["loss"] = 1;
    record.provenance.update(
        {{"cpu", "B"}, {"torch", "2.12.0"}, {"data", "d2"}, {"build", "2222"}});
    record.provenance["plugins"]["kd"] = std::string(64, 'f');
    record.provenance["compiler"] = "GCC 13";  // which the first does not tell
  });
  EXPECT_THAT(
      compared().causes,
      ElementsAre("machine: cpu A -> B", "library: torch 2.11.0 -> 2.12.0",
                  "plugin: kd p1 -> ffffffffffff", "data: d1 -> d2", "build: 1111 -> 2222"));
}

TEST_F(ComparisonTest, AResultAndNoneAreDifferentAndNoneInBothIsNothing) {
  const auto fail = [](Record& record) { record.status = Status::kCrashed; };
  change(fail);
  EXPECT_EQ(compared().agreement, Agreement::kDifferent);
  EXPECT_THAT(compared().differences, ElementsAre("status: ok -> crashed"));
  MadeResults::change(first_, trial_.id, fail);
  EXPECT_EQ(compared().agreement, Agreement::kNoResult);
}

}  // namespace
}  // namespace ktb::core
