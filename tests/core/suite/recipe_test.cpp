#include "core/suite/recipe.hpp"

#include <gmock/gmock.h>

namespace ktb::core {
namespace {

using testing::HasSubstr;

Json laid(std::initializer_list<Json> layers) {
  Json recipe = default_recipe();
  for (const auto& layer : layers) apply_recipe(recipe, layer);
  return recipe;
}

TEST(Recipe, StepsAndEpochsReplaceEachOther) {
  EXPECT_EQ(laid({{{"steps", 70}}})["epochs"], 0);
  EXPECT_EQ(laid({{{"steps", 70}}, {{"epochs", 3}}})["steps"], 0);
}

TEST(Recipe, RelativeExtentsMultiplyWhatIsThere) {
  EXPECT_EQ(laid({{{"epochs", 30}}, {{"epochs", "x0.5"}}})["epochs"], 15);
  EXPECT_EQ(laid({{{"steps", 70}}, {{"epochs", "x2"}}})["steps"], 140);
  EXPECT_EQ(laid({{{"epochs", "x2"}}, {{"epochs", "x3"}}})["epochs"], 60);
}

TEST(Recipe, AnotherOptimiserStartsFromItsOwnDefaults) {
  const Json adamw = laid({{{"optimizer", {{"name", "sgd"}, {"lr", 0.5}, {"nesterov", true}}}},
                           {{"optimizer", "adamw"}}})["optimizer"];
  EXPECT_EQ(adamw["lr"], 1e-3);
  EXPECT_EQ(adamw["weight_decay"], 0.01);
  EXPECT_EQ(adamw["nesterov"], false);
  EXPECT_EQ(laid({{{"optimizer", {{"lr", 0.5}}}}})["optimizer"]["momentum"], 0.9);
}

TEST(Recipe, KeepIsAListOfKnownWords) {
  EXPECT_EQ(laid({{{"keep", {"weights"}}}, {{"keep", {"features", "predictions"}}}})["keep"],
            Json({"features", "predictions"}));
  EXPECT_EQ(laid({{{"keep", {"weights"}}}, {{"keep", Json::array()}}})["keep"], Json::array());
  EXPECT_FALSE(check_recipe({{"keep", {"weights", "predictions", "features"}}}));
  for (const Json& wrong :
       {Json("weights"), Json({"wieghts"}), Json({"weights", "weights"}), Json({1})})
    EXPECT_THAT(check_recipe({{"keep", wrong}}).value().message,
                HasSubstr("`keep` wants a list of some of weights, predictions, features"))
        << wrong;
}

TEST(Recipe, WholeNumbersAndDecimalsAreOneSetting) {
  EXPECT_EQ(laid({{{"clip", 5}}}).dump(), laid({{{"clip", 5.0}}}).dump());
  EXPECT_EQ(laid({{{"schedule", {{"name", "multistep"}, {"at", {1, 2}}}}}}).dump(),
            laid({{{"schedule", {{"name", "multistep"}, {"at", {1.0, 2.0}}}}}}).dump());
}

TEST(Recipe, FaultsNameTheirKey) {
  EXPECT_FALSE(
      check_recipe(default_recipe().patch(Json::parse(R"([{"op":"remove","path":"/steps"}])"))));
  EXPECT_EQ(check_recipe({{"optimizer", {{"lr", -1}}}})->key, "optimizer.lr");
  EXPECT_EQ(check_recipe({{"schedule", {{"at", {3, 2}}}}})->key, "schedule.at");
  EXPECT_EQ(check_recipe({{"epochs", "twice"}})->key, "epochs");
  EXPECT_EQ(check_recipe({{"select", "best"}})->known.size(), 3u);
  EXPECT_THAT(check_recipe({{"epochs", 1}, {"steps", 1}})->message, HasSubstr("not both"));
  EXPECT_TRUE(check_recipe({{"batches", 3}})->at_key);
}

}  // namespace
}  // namespace ktb::core
