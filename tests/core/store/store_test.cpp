#include "core/store/store.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <string>

#include "core/base/digest.hpp"
#include "core/base/error.hpp"
#include "core/store/outcomes.hpp"
#include "temporary_folder.hpp"

namespace ktb::core {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class StoreTest : public ::testing::Test {
 protected:
  StoreTest() {
    store_.emplace(root_, [this](const std::string& text) { warnings_.push_back(text); });
  }

  void put(const std::string& id, const std::string& file, const std::string& text) {
    fs::create_directories(store_->folder(id).path());
    std::ofstream(store_->folder(id).path() / file, std::ios::binary) << text;
  }
  Record record(const std::string& id, Status status = Status::kOk) {
    Record record;
    record.id = id;
    record.key = "key";
    record.status = status;
    return record;
  }
  Trial trial(const std::string& id, const std::string& key) {
    Trial trial;
    trial.id = id;
    trial.key = key;
    return trial;
  }

  const TemporaryFolder own_;
  const fs::path root_ = own_.path();
  std::optional<Store> store_;
  std::vector<std::string> warnings_;
};

TEST_F(StoreTest, RecordsComeBack) {
  EXPECT_FALSE(store_->load("a").has_value());
  store_->save(record("a"));
  store_->save(record("b", Status::kDiverged));
  EXPECT_TRUE(store_->load("a")->ok());
  EXPECT_EQ(store_->load("b")->status, Status::kDiverged);
  EXPECT_THAT(store_->trials(), ElementsAre("a", "b"));
  EXPECT_THAT(warnings_, IsEmpty());
}

TEST_F(StoreTest, UnreadableRecordCountsAsNoneAndIsToldOnce) {
  put("a", "record.json", "{\"id\": \"a\", ");
  put("b", "record.json", "{\"id\": \"b\"}");
  for (int i = 0; i < 2; ++i) {
    EXPECT_FALSE(store_->load("a").has_value());
    EXPECT_FALSE(store_->load("b").has_value());
  }
  ASSERT_THAT(warnings_, SizeIs(2));
  EXPECT_THAT(warnings_[0], HasSubstr("a/record.json is left out"));
  EXPECT_THAT(warnings_[1], HasSubstr("`status` is missing"));
}

TEST_F(StoreTest, OnlyOkOfTheSameKeyIsReused) {
  store_->save(record("a"));
  store_->save(record("bad", Status::kFailed));
  EXPECT_TRUE(store_->reusable(trial("a", "key")));
  EXPECT_FALSE(store_->reusable(trial("a", "other key")));
  EXPECT_FALSE(store_->reusable(trial("bad", "key")));
  EXPECT_FALSE(store_->reusable(trial("none", "key")));
  EXPECT_FALSE(store_->reusable(trial("a", "key"), true));
  put("a", "weights.safetensors", "x");
  EXPECT_TRUE(store_->reusable(trial("a", "key"), true));
}

TEST_F(StoreTest, WhatARecipeKeepsMustBeThere) {
  store_->save(record("a"));
  Trial wanted = trial("a", "key");
  wanted.change([](TrialSpec& spec) {
    spec.recipe.keep = {Keepsake::kPredictions, Keepsake::kFeatures};
  });
  EXPECT_FALSE(store_->reusable(wanted));
  put("a", "predictions.safetensors", "");
  EXPECT_FALSE(store_->reusable(wanted));
  put("a", "features.safetensors", "");
  EXPECT_TRUE(store_->reusable(wanted));
  wanted.change([](TrialSpec& spec) { spec.recipe.keep.push_back(Keepsake::kWeights); });
  EXPECT_FALSE(store_->reusable(wanted));
  put("a", "weights.safetensors", "");
  EXPECT_TRUE(store_->reusable(wanted));
}

TEST_F(StoreTest, CurveLeavesOutALineThatACrashCutShort) {
  put("a", "curve.jsonl", "{\"step\": 1}\n{\"step\": 2}\n{\"st");
  EXPECT_THAT(store_->curve("a"), SizeIs(2));
  EXPECT_EQ(store_->curve("a")[1].at("step"), 2);
  EXPECT_THAT(store_->curve("none"), IsEmpty());
  EXPECT_THAT(warnings_, IsEmpty());
}

TEST_F(StoreTest, SamplesAreBitsFromTheLowestOn) {
  put("a", "samples.bin", std::string("\x05\x01", 2));
  Record with_count = record("a");
  with_count.examples["test"] = 9;
  store_->save(with_count);
  EXPECT_THAT(store_->samples("a"),
              ElementsAre(true, false, true, false, false, false, false, false, true));
  with_count.examples["test"] = 17;
  store_->save(with_count);
  EXPECT_THROW(store_->samples("a"), Error);
  EXPECT_THAT(store_->samples("none"), IsEmpty());
}

TEST_F(StoreTest, AConfusionIsReadOrLeftOut) {
  put("a", "confusion.json", R"({"classes": ["cat", "dog"], "counts": [[3, 1], [0, 4]]})");
  ASSERT_TRUE(store_->confusion("a").has_value());
  EXPECT_THAT(store_->confusion("a")->classes, ElementsAre("cat", "dog"));
  EXPECT_EQ(store_->confusion("a")->counts[0][1], 1U);
  EXPECT_FALSE(store_->confusion("none").has_value());
  EXPECT_THAT(warnings_, IsEmpty());

  Json large = {{"classes", Json::array()}, {"counts", Json::array()}};
  for (std::size_t i = 0; i <= kMostClasses; ++i)
    large["counts"].push_back(std::vector<int>(kMostClasses + 1));
  const std::string square = R"({"classes": [], "counts": [[1, 2], [3, 4]]})";
  std::size_t told = 0;
  for (const std::string& text :
       {std::string("[[1]]"), std::string("{\"counts\": [[1]]}"), std::string(2000, '['),
        std::string(R"({"classes": [], "counts": []})"), large.dump(),
        std::string(R"({"classes": [], "counts": [[1, 2], [3]]})"),
        std::string(R"({"classes": ["a"], "counts": [[1, 2], [3, 4]]})"),
        std::string(R"({"classes": [], "counts": [[-1]]})"),
        std::string(R"({"classes": [], "counts": [["1"]]})"),
        std::string(R"({"classes": [3], "counts": [[1]]})"), square + std::string(2 << 20, ' ')}) {
    const std::string id = std::to_string(told);
    put(id, "confusion.json", text);
    EXPECT_FALSE(store_->confusion(id).has_value()) << text.substr(0, 80);
    EXPECT_THAT(warnings_, SizeIs(++told)) << text.substr(0, 80);
  }
}

TEST_F(StoreTest, OutcomesKeepOnlyThePlansOwnKeys) {
  Plan plan;
  plan.trials = {trial("a", "key"), trial("b", "new key"), trial("c", "key"), trial("d", "key")};
  store_->save(record("a"));
  store_->save(record("b"));
  put("c", "progress.json", "{\"step\": 3, \"steps\": 10, \"loss\": 0.5}");
  put("d", "progress.json", "{\"step\": 3, \"steps\": 10, \"loss\": 0.5}");
  fs::last_write_time(store_->folder("d").progress(),
                      fs::file_time_type::clock::now() - std::chrono::hours(2));
  EXPECT_EQ(store_->progress("c")->step, 3U);
  EXPECT_GT(store_->progress("d")->age, 3600);
  const Outcomes known = outcomes(plan, *store_);
  EXPECT_NE(known.find("a"), nullptr);
  EXPECT_EQ(known.find("b"), nullptr) << "a record of another key belongs to another plan";
  EXPECT_THAT(known.running, ElementsAre("c"));
  EXPECT_TRUE(in_full(plan.trials[0], *store_).record.has_value());
  EXPECT_FALSE(in_full(plan.trials[1], *store_).record.has_value());
}

TEST_F(StoreTest, PlansComeBack) {
  Plan plan;
  plan.suite = "quickstart";
  plan.profile = "quick";
  plan.trials = {trial("a", "key")};
  EXPECT_FALSE(store_->load_plan("quickstart", "quick").has_value());
  store_->save_plan(plan);
  ASSERT_TRUE(fs::exists(root_ / "plans" / "quickstart.quick.json"));
  const auto back = store_->load_plan("quickstart", "quick");
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(back->trials.at(0).key, "key");
}

/// Ways in which a file of weights goes wrong, and what becomes of its text.
const std::map<std::string, std::string> kHarmed = {{"cut short", "some wei"},
                                                    {"zeroed", std::string(12, '\0')},
                                                    {"one bit flipped", "some\x21weights"}};

TEST_F(StoreTest, WeightsThatDoNotFitTheirRecordAreNone) {
  Record kept = record("a");
  kept.weights = sha256_text("some weights");
  store_->save(kept);
  EXPECT_FALSE(store_->has_weights("a")) << "missing";
  EXPECT_THAT(warnings_, IsEmpty()) << "who takes weights away knows it";
  put("a", "weights.safetensors", "some weights");
  EXPECT_TRUE(store_->has_weights("a"));
  EXPECT_TRUE(store_->reusable(trial("a", "key"), true));
  for (const auto& [how, text] : kHarmed) {
    warnings_.clear();
    put("a", "weights.safetensors", text);
    EXPECT_FALSE(store_->has_weights("a")) << how;
    EXPECT_FALSE(store_->reusable(trial("a", "key"), true)) << how;
    EXPECT_TRUE(store_->reusable(trial("a", "key"))) << how << ", but nobody needs them";
    put("a", "weights.safetensors", "some weights");
    EXPECT_TRUE(store_->has_weights("a")) << how << ", but put back";
  }
}

TEST_F(StoreTest, WhatIsWrongWithWeightsIsToldOnce) {
  Record kept = record("a");
  kept.weights = sha256_text("some weights");
  store_->save(kept);
  put("a", "weights.safetensors", "some wei");
  for (int i = 0; i < 2; ++i) EXPECT_FALSE(store_->has_weights("a"));
  ASSERT_THAT(warnings_, SizeIs(1));
  EXPECT_THAT(warnings_[0], HasSubstr("a/weights.safetensors is not the file that was written: "
                                      "8 bytes with SHA-256 "));
  EXPECT_THAT(warnings_[0], HasSubstr("the record has " + kept.weights.substr(0, 12)));
  EXPECT_THAT(warnings_[0], HasSubstr("`ktbench run` with the suite trains this source again"));
}

TEST_F(StoreTest, WeightsOfRecordsWithoutADigestAreTakenAsTheyAre) {
  store_->save(record("a"));
  put("a", "weights.safetensors", "");
  put("b", "weights.safetensors", "no record yet");
  EXPECT_TRUE(store_->has_weights("a"));
  EXPECT_TRUE(store_->has_weights("b"));
}

}  // namespace
}  // namespace ktb::core
