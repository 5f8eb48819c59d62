#include "core/plan/trial_spec.hpp"

#include <gtest/gtest.h>

#include "core/base/error.hpp"

namespace ktb::core {
namespace {

/// As docs/contracts.md has it, with what has no default alone.
Json least() {
  return {
      {"id", "kd-resnet-glyphs-s3-0123456789ab"},
      {"key", "0123"},
      {"seed", 3},
      {"axes", {{"method", "kd"}}},
      {"task", {{"dataset", "letters"}, {"plugin", "glyphs"}, {"options", {{"fonts", "a"}}}}},
      {"target", {{"name", "r20"}, {"plugin", "resnet"}, {"options", {{"depth", 20}}}}},
      {"sources",
       {{{"name", "r56"},
         {"plugin", "resnet"},
         {"options", Json::object()},
         {"mode", "trained-joint"},
         {"trial", "scratch-1"},
         {"task", {{"dataset", "letters"}, {"plugin", "glyphs"}, {"options", Json::object()}}}}}},
      {"method", {{"name", "kd"}, {"plugin", "kd"}, {"options", {{"temperature", 4.0}}}}},
      {"plus", {{{"name", "at"}, {"plugin", "at"}, {"options", Json::object()}, {"weight", 0.5}}}},
      {"recipe",
       {{"epochs", 2},
        {"batch", 64},
        {"optimizer", {{"name", "sgd"}, {"lr", 0.05}}},
        {"schedule", {{"name", "cosine"}}}}}};
}

std::string fault(const Json& json) {
  try {
    trial_spec_from_json(json);
  } catch (const Error& error) {
    return error.what();
  }
  return "none";
}

/// What is wrong once the value at the pointer is `value`.
std::string fault_with(const char* pointer, const Json& value) {
  Json json = least();
  json[Json::json_pointer(pointer)] = value;
  return fault(json);
}

std::string fault_without(const char* parent, const char* key) {
  Json json = least();
  json[Json::json_pointer(parent)].erase(key);
  return fault(json);
}

TEST(TrialSpecTest, WhatIsLeftOutHasItsDefault) {
  const TrialSpec trial = trial_spec_from_json(least());
  EXPECT_EQ(trial.schema, kRecordSchema);
  EXPECT_EQ(trial.device, "cpu");
  EXPECT_FALSE(trial.smoke);
  EXPECT_FALSE(trial.keep_weights);
  EXPECT_EQ(trial.task.train, 0);
  EXPECT_EQ(trial.task.labels, 1);
  EXPECT_TRUE(trial.task.augment.empty());
  EXPECT_TRUE(trial.target->into.empty());
  EXPECT_EQ(trial.recipe.steps, 0);
  EXPECT_EQ(trial.recipe.optimizer.betas[1], 0.999);
  EXPECT_EQ(trial.recipe.schedule.gamma, 0.1);
  EXPECT_EQ(trial.recipe.precision, Precision::kFp32);
  EXPECT_EQ(trial.recipe.select, Selection::kLast);
  EXPECT_TRUE(trial.recipe.channels_last);
  EXPECT_EQ(trial.limits.retries, 1);
}

TEST(TrialSpecTest, WhatWasReadIsKept) {
  const TrialSpec trial = trial_spec_from_json(least());
  EXPECT_EQ(trial.seed, 3);
  EXPECT_EQ(trial.axes.at("method"), "kd");
  EXPECT_EQ(trial.task.options, Json({{"fonts", "a"}}));
  ASSERT_EQ(trial.sources.size(), 1);
  EXPECT_EQ(trial.sources[0].name, "r56");
  EXPECT_EQ(trial.sources[0].mode, SourceMode::kTrainedJoint);
  EXPECT_EQ(trial.sources[0].task.dataset, "letters");
  EXPECT_EQ(trial.plus.at(0).weight, 0.5);
  EXPECT_EQ(trial.recipe.epochs, 2);
}

TEST(TrialSpecTest, AllMembersGoThroughJsonAndBack) {
  TrialSpec trial = trial_spec_from_json(least());
  trial.device = "cuda";
  trial.smoke = trial.keep_weights = true;
  trial.task.train = 4000;
  trial.task.test = 20;
  trial.task.augment = {Augmentation::kFlip, Augmentation::kRotate15};
  trial.task.labels = 0.1;
  trial.task.hash = "00ff";
  trial.sources[0].weights = "/weights/r56.safetensors";
  trial.sources[0].from = {"layer3", "fc"};
  trial.sources[0].digests = trial.task.digests = trial.method.digests = {{"file", "00ff"}};
  trial.sources[0].task.task = "rotation";
  trial.recipe = {0,
                  7,
                  8,
                  {"adamw", 1e-3, 0.5, 0.01, true, {0.8, 0.9}, 1e-6},
                  {},
                  1.5,
                  Precision::kBf16,
                  0.1,
                  Selection::kBestValidation,
                  false,
                  false,
                  Frozen::kBf16,
                  {Keepsake::kPredictions, Keepsake::kWeights}};
  trial.recipe.schedule = {"multistep", {1, 2.5}, 3, 0.2, 1, 0.5, 0.01};
  trial.limits = {60, 1024, 2};
  EXPECT_EQ(trial_spec_from_json(Json::parse(to_json(trial).dump())), trial);
  trial.target.reset();
  const Json json = to_json(trial);
  EXPECT_TRUE(json["target"].is_null());
  EXPECT_EQ(trial_spec_from_json(json), trial);
}

/// The words and types of the page, which key and old files depend on.
TEST(TrialSpecTest, AWrittenRecipeSpellsCountsAndNumbersApart) {
  const TrialSpec trial = trial_spec_from_json(least());
  EXPECT_EQ(
      to_json(trial)["recipe"].dump(),
      R"({"batch":64,"channels_last":true,"clip":0.0,"deterministic":true,)"
      R"("epochs":2,"frozen":"plain","keep":[],"optimizer":{"betas":[0.9,0.999],"eps":1e-08,"lr":0.05,"momentum":0.0,"name":"sgd",)"
      R"("nesterov":false,"weight_decay":0.0},"precision":"fp32",)"
      R"("schedule":{"anneal":"cosine","at":[],"end_div":10000.0,)"
      R"("every":0.0,"gamma":0.1,"min":0.0,"momentum":[0.85,0.95],)"
      R"("name":"cosine","rise":0.3,"start_div":25.0,"three_phase":false,"warmup":0.0,)"
      R"("warmup_from":0.1},"select":"last","steps":0,"validation":0.0})");
}

TEST(TrialSpecTest, FaultsNameFileAndPlace) {
  EXPECT_EQ(fault(Json::array()), "trial.json: expected an object, found an array");
  EXPECT_EQ(fault_without("", "key"), "trial.json: `key` is missing");
  EXPECT_EQ(fault_without("/task", "plugin"), "trial.json, task: `plugin` is missing");
  EXPECT_EQ(fault_without("/sources/0/task", "dataset"),
            "trial.json, sources[0].task: `dataset` is missing");
  EXPECT_EQ(fault_with("/recipe/batch", "64"),
            "trial.json, recipe.batch: expected a whole number, found a text");
  EXPECT_EQ(fault_with("/recipe/epochs", 2.5),
            "trial.json, recipe.epochs: expected a whole number, found the number 2.5");
  EXPECT_EQ(fault_with("/seed", -1),
            "trial.json, seed: expected a whole number of at least 0, found the number -1");
  EXPECT_EQ(fault_with("/smoke", 1),
            "trial.json, smoke: expected true or false, found the number 1");
  EXPECT_EQ(fault_with("/recipe/optimizer/betas", Json::array({0.9})),
            "trial.json, recipe.optimizer.betas: expected an array of 2");
  EXPECT_EQ(fault_with("/axes/labels", 1),
            "trial.json, axes.labels: expected a text, found the number 1");
  EXPECT_EQ(fault_with("/schema", 2),
            "trial.json: schema 2 is newer than this ktbench can read (1)");
}

TEST(TrialSpecTest, WordsOutsideTheSetAreRefusedWithTheSet) {
  EXPECT_EQ(fault_with("/sources/0/mode", "frozen"),
            "trial.json, sources[0].mode: `frozen` is none of none, trained, trained-joint, "
            "fresh-joint");
  EXPECT_EQ(fault_with("/recipe/select", "best"),
            "trial.json, recipe.select: `best` is none of last, best-validation, best-test");
  EXPECT_EQ(fault_with("/recipe/precision", "fp16"),
            "trial.json, recipe.precision: `fp16` is none of fp32, bf16");
  EXPECT_EQ(fault_with("/task/augment", Json::array({"crop"})),
            "trial.json, task.augment[0]: `crop` is none of crop4, flip, rotate15");
}

}  // namespace
}  // namespace ktb::core
