#include "core/suite/read_suite.hpp"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "core/base/error.hpp"
#include "core/fake_catalogue.hpp"
#include "core/plan/make_plan.hpp"
#include "temporary_folder.hpp"

namespace ktb::core {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
namespace fs = std::filesystem;

const fs::path kGolden = fs::path(KTB_SOURCE_DIR) / "tests/golden";

std::string slurp(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

/// A suite in a file of its own; gone with the test.
class Written : public testing::Test {
 protected:
  std::string write(const std::string& text, const std::string& name = "x.toml") const {
    const fs::path path = folder_ / name;
    std::ofstream(path) << text;
    return path.string();
  }

  const TemporaryFolder own_;
  const fs::path folder_ = own_.path();
};

using SuiteTest = Written;

constexpr const char* kBody = R"(ktbench = 1
datasets = "images"
methods = ["scratch", "kd"]
[dataset.images]
plugin = "cifar100"
augment = ["crop4", "flip"]
[recipe]
epochs = 240
optimizer = { name = "sgd", lr = 0.05 }
schedule = { name = "multistep", at = [150, 180], gamma = 0.2 }
[grid.main]
pairs = "resnet -> vgg8"
)";

std::string replaced(std::string text, const std::string& what, const std::string& with) {
  for (auto at = text.find(what); at != text.npos; at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
  return text;
}

class SuiteErrors : public testing::TestWithParam<std::string> {};

TEST_P(SuiteErrors, AreWordForWordAsWritten) {
  const fs::path folder = kGolden / "suite_errors";
  std::string said;
  try {
    FakeCatalogue catalogue = full_catalogue();
    make_plan(read_suite(folder / (GetParam() + ".toml")), catalogue, {});
  } catch (const SuiteError& error) {
    said = replaced(error.what(), folder.string() + "/", "") + "\n";
  }
  EXPECT_EQ(said, slurp(folder / (GetParam() + ".txt")));
}

std::vector<std::string> error_cases() {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(kGolden / "suite_errors")) {
    if (entry.path().extension() == ".toml") names.push_back(entry.path().stem());
  }
  std::sort(names.begin(), names.end());
  return names;
}

INSTANTIATE_TEST_SUITE_P(Golden, SuiteErrors, testing::ValuesIn(error_cases()),
                         [](const auto& info) { return info.param; });

TEST_F(SuiteTest, KeepsTheOrderOfTheFile) {
  const Suite suite = read_suite(write(std::string(kBody) + R"([grid.alpha]
pairs = "vgg8 -> resnet"
cross.zeta = [1, 2]
cross.alpha = [3]
[table.zoo]
[table.ant]
)"));
  ASSERT_EQ(suite.grids.size(), 2u);
  EXPECT_EQ(suite.grids[0].name, "main");
  EXPECT_EQ(suite.grids[1].cross[0].first, "zeta");
  EXPECT_EQ(suite.tables[0].name, "zoo");
  EXPECT_EQ(suite.tables[1].name, "ant");
}

TEST_F(SuiteTest, ProfileOverlaysDeepAndReplacesWhatChangesItsKind) {
  const std::string path = write(std::string(kBody) + R"([profile.quick]
dataset.images = { plugin = "fashion_mnist", train = 4000 }
recipe = { epochs = 2, schedule = { name = "cosine" } }
[profile.slow]
dataset.images.train = 100
recipe.epochs = "x2"
[profile.steps]
recipe.steps = 500
)");
  const Suite quick = read_suite(path, "quick");
  EXPECT_EQ(quick.datasets[0].plugin, "fashion_mnist");
  EXPECT_TRUE(quick.datasets[0].augment.empty());
  EXPECT_EQ(quick.recipe["schedule"], Json({{"name", "cosine"}}));
  EXPECT_EQ(quick.recipe["optimizer"]["lr"], 0.05);

  const Suite slow = read_suite(path, "slow");
  EXPECT_EQ(slow.datasets[0].plugin, "cifar100");
  EXPECT_THAT(slow.datasets[0].augment, ElementsAre("crop4", "flip"));
  EXPECT_EQ(slow.recipe["epochs"], 480);

  EXPECT_FALSE(read_suite(path, "steps").recipe.contains("epochs"));
  EXPECT_EQ(read_suite(path).profile, "paper");
  EXPECT_THROW(read_suite(path, "quik"), SuiteError);
}

TEST_F(SuiteTest, ParentIsLaidUnderTheChild) {
  write(kBody, "base.toml");
  const Suite suite = read_suite(
      write("extends = \"base.toml\"\nseeds = [4, 7]\nrecipe.epochs = 3\n", "child.toml"));
  EXPECT_EQ(suite.name, "child");
  EXPECT_EQ(suite.recipe["epochs"], 3);
  EXPECT_EQ(suite.recipe["optimizer"]["lr"], 0.05);
  EXPECT_THAT(suite.grids.at(0).seeds, ElementsAre(4, 7));
  EXPECT_THAT(suite.text.place("recipe.epochs").text(), HasSubstr("child.toml:3"));
  EXPECT_THAT(suite.text.place("recipe.optimizer.lr").text(), HasSubstr("base.toml:9"));
}

TEST_F(SuiteTest, LikeTakesOverEveryKeyThatIsNotSet) {
  const Suite suite = read_suite(write(std::string(kBody) + R"([table.one]
where = { grid = "main", method = ["kd"] }
rows = ["method", "dataset"]
digits = 2
[table.two]
like = "one"
where.method = "scratch"
spread = "ci"
)"));
  const TableSpec& two = suite.tables.at(1);
  EXPECT_EQ(two.digits, 2);
  EXPECT_EQ(two.spread, "ci");
  EXPECT_THAT(two.rows, ElementsAre("method", "dataset"));
  EXPECT_THAT(two.where.at("grid"), ElementsAre("main"));
  EXPECT_THAT(two.where.at("method"), ElementsAre("scratch"));
  EXPECT_EQ(table_spec_from_json(to_json(two)).where, two.where);
}

TEST_F(SuiteTest, TablesSayHowEntriesAreCompared) {
  const auto table = [&](const std::string& keys) {
    return read_suite(write(std::string(kBody) + "[table.one]\n" + keys)).tables.at(0);
  };
  EXPECT_EQ(table("").marks, "tied");
  EXPECT_EQ(table("marks = \"best\"").marks, "best");
  EXPECT_EQ(table("marks = false").marks, "none");
  EXPECT_EQ(table("").test, "signed-rank");
  const TableSpec spec = table(
      "test = \"mcnemar\"\neffect = \"dz\"\nbaseline = \"scratch\"\nranks = true\n"
      "cols = \"dataset\"");
  const TableSpec back = table_spec_from_json(to_json(spec));
  EXPECT_EQ(back.test, "mcnemar");
  EXPECT_EQ(back.effect, "dz");
  EXPECT_TRUE(back.ranks);

  const auto said = [&](const std::string& keys) {
    try {
      table(keys);
    } catch (const SuiteError& error) {
      return std::string(error.what());
    }
    return std::string("nothing");
  };
  EXPECT_THAT(said("marks = true"), HasSubstr("wants \"best\", \"tied\" or false"));
  EXPECT_THAT(said("marks = \"tied?\""), HasSubstr("did you mean `tied`?"));
  EXPECT_THAT(said("test = \"mcnemer\""), HasSubstr("did you mean `mcnemar`?"));
  EXPECT_THAT(said("effect = \"dz\""), HasSubstr("an effect is the size of a difference to a row"));
  EXPECT_THAT(said("ranks = true\nrows = [\"dataset\", \"method\"]"),
              HasSubstr("rows are ranked over data sets"));
}

TEST_F(SuiteTest, SetChangesTheTextOrRulesOverEverything) {
  const Suite suite = read_suite(write(kBody), "",
                                 {"seeds=2", "dataset.images.train=64", "recipe.epochs=1",
                                  "method.kd.temperature=8", "title=a free text"});
  EXPECT_THAT(suite.grids.at(0).seeds, ElementsAre(0, 1));
  EXPECT_EQ(suite.datasets.at(0).train, 64);
  EXPECT_EQ(suite.title, "a free text");
  ASSERT_EQ(suite.rules.size(), 2u);
  EXPECT_TRUE(suite.rules[0].forced);
  EXPECT_EQ(suite.rules[0].recipe["epochs"], 1);
  EXPECT_THAT(suite.rules[1].match.at("method"), ElementsAre("kd"));
  EXPECT_EQ(suite.rules[1].options["temperature"], 8);
}

TEST_F(SuiteTest, SetFaultsNameTheOverride) {
  const std::string path = write(kBody);
  const auto said = [&](const std::string& change) {
    try {
      read_suite(path, "", {change});
    } catch (const SuiteError& error) {
      return std::string(error.what());
    }
    return std::string("nothing");
  };
  EXPECT_THAT(said("sedes=3"), HasSubstr("--set sedes=3: error: a suite has no key `sedes`"));
  EXPECT_THAT(said("sedes=3"), HasSubstr("seeds"));
  EXPECT_THAT(said("recipe.epoch=3"), HasSubstr("did you mean `epochs`?"));
  EXPECT_THAT(said("seeds"), HasSubstr("wants key=value"));
}

TEST_F(SuiteTest, EveryProfileIsCheckedWhateverOneIsTaken) {
  const std::string path = write(std::string(kBody) + "[profile.other]\nrecipe.batch = 0\n");
  EXPECT_THROW(read_suite(path, "paper"), SuiteError);
}

}  // namespace
}  // namespace ktb::core
