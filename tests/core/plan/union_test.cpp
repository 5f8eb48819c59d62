// Several data sets as one: what a suite may say, what a trial is told, and what its key has.
#include "core/plan/union_spec.hpp"

#include <gmock/gmock.h>

#include <fstream>
#include <string>

#include "core/base/error.hpp"
#include "core/fake_catalogue.hpp"
#include "core/plan/make_plan.hpp"
#include "core/suite/read_suite.hpp"
#include "temporary_folder.hpp"

namespace ktb::core {
namespace {

using testing::HasSubstr;

std::string suite_text(const std::string& mixed,
                       const std::string& parts =
                           "[dataset.clothes]\nplugin = \"fashion_mnist\"\n"
                           "train = 100\n[dataset.letters]\n"
                           "plugin = \"glyphs\"\nfonts = \"a\"\n") {
  return "ktbench = 1\nseeds = 1\ndatasets = \"mixed\"\nmethods = [\"scratch\"]\n" + parts +
         "[dataset.mixed]\n" + mixed + "\n[grid.main]\npairs = \"resnet -> vgg8\"\n";
}

class UnionTest : public testing::Test {
 protected:
  Plan plan(const std::string& text) {
    const TemporaryFolder folder;
    const auto path = folder.path() / "suite.toml";
    std::ofstream(path) << text;
    return make_plan(read_suite(path, "", {}), catalogue_, {});
  }
  std::string key(const std::string& text) { return plan(text).trials.at(0).key; }
  std::string error(const std::string& text) {
    try {
      plan(text);
    } catch (const SuiteError& fault) {
      return fault.what();
    }
    return "none";
  }

  FakeCatalogue catalogue_ = full_catalogue();
};

constexpr auto kMixed = "union = [\"letters\", \"clothes\"]";

TEST_F(UnionTest, ATrialHasEveryPartWithOptionsSubsetAndHash) {
  const auto plan = this->plan(suite_text(std::string(kMixed) + "\ntest = 50"));
  const TaskRef& task = plan.trials.at(0).spec().task;
  EXPECT_EQ(task.dataset, "mixed");
  EXPECT_EQ(task.plugin, kUnion);
  EXPECT_EQ(task.test, 50);
  const UnionSpec spec = union_of(task.options);
  EXPECT_FALSE(spec.shared);
  ASSERT_EQ(spec.parts.size(), 2U);
  EXPECT_EQ(spec.parts[0],
            (UnionPart{"letters", "glyphs", {{"fonts", "a"}}, 0, 0, "data of glyphs"}));
  EXPECT_EQ(spec.parts[1], (UnionPart{"clothes", "fashion_mnist", Json::object(), 100, 0,
                                      "data of fashion_mnist"}));
  EXPECT_EQ(trial_spec_from_json(to_json(plan.trials[0].spec())), plan.trials[0].spec());
}

TEST_F(UnionTest, TheKeyIsOfThePartsNotOfTheirNames) {
  const auto first = key(suite_text(kMixed));
  const auto renamed = key(suite_text("union = [\"signs\", \"clothes\"]",
                                      "[dataset.clothes]\nplugin = \"fashion_mnist\"\ntrain = 100\n"
                                      "[dataset.signs]\nplugin = \"glyphs\"\nfonts = \"a\"\n"));
  EXPECT_EQ(first, renamed);
  EXPECT_NE(first, key(suite_text("union = [\"clothes\", \"letters\"]")));
  EXPECT_NE(first, key(suite_text(std::string(kMixed) + "\nlabels = \"shared\"")));
  EXPECT_NE(first, key(suite_text(kMixed,
                                  "[dataset.clothes]\nplugin = \"fashion_mnist\"\n"
                                  "[dataset.letters]\nplugin = \"glyphs\"\nfonts = \"a\"\n")));
  catalogue_.hashes["glyphs"] = "another";
  EXPECT_NE(first, key(suite_text(kMixed)));
}

TEST_F(UnionTest, AMissingPartIsNamedAsItself) {
  catalogue_.absent_data["glyphs"] = true;
  const auto plan = this->plan(suite_text(kMixed));
  ASSERT_EQ(plan.missing.size(), 1U);
  EXPECT_EQ(plan.missing[0].name, "letters");
}

TEST_F(UnionTest, WhatCannotBeOneIsRefusedAtItsLine) {
  EXPECT_THAT(error(suite_text("union = [\"letters\"]")), HasSubstr("two data sets or more"));
  EXPECT_THAT(error(suite_text("union = [\"letters\", \"letters\"]")), HasSubstr("each once"));
  EXPECT_THAT(error(suite_text("union = [\"letters\", \"mixed\"]")),
              HasSubstr("is a union itself"));
  EXPECT_THAT(error(suite_text(std::string(kMixed) + "\nsize = 3")), HasSubstr("size"));
  EXPECT_THAT(error(suite_text(std::string(kMixed) + "\nlabels = \"mine\"")), HasSubstr("labels"));
  EXPECT_THAT(error(suite_text(std::string(kMixed) + "\ntrain = 1000000")),
              HasSubstr("train examples, not 1000000"));

  TaskAnswer other;
  other.name = "glyphs", other.kind = "classification", other.categorical = true;
  other.inputs = {{"image", {3, 32, 32}, "rgb", 0}};
  catalogue_.tasks["glyphs"] = other;
  const auto unlike = error(suite_text(kMixed));
  EXPECT_THAT(unlike, HasSubstr("the inputs of `letters` and `clothes` differ"));
  EXPECT_THAT(unlike, HasSubstr("image [3, 32, 32] rgb"));
  EXPECT_THAT(unlike, HasSubstr("suite.toml:12:"));
  other.inputs.clear();
  other.labels = "letters";
  catalogue_.tasks["glyphs"] = other;
  EXPECT_EQ(error(suite_text(kMixed)), "none");
  EXPECT_THAT(error(suite_text(std::string(kMixed) + "\nlabels = \"shared\"")),
              HasSubstr("share no labels"));
  other.kind = "control";
  catalogue_.tasks["glyphs"] = other;
  EXPECT_THAT(error(suite_text(kMixed)), HasSubstr("`letters` is a task of control"));
}

}  // namespace
}  // namespace ktb::core
