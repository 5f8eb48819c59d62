// Options that name files: where they are looked for, and what of them a key has.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "core/base/digest.hpp"
#include "core/base/error.hpp"
#include "core/fake_catalogue.hpp"
#include "core/plan/make_plan.hpp"
#include "core/suite/read_suite.hpp"
#include "temporary_folder.hpp"

namespace ktb::core {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
namespace fs = std::filesystem;

constexpr auto kSuite = R"(ktbench = 1
datasets = "cifar100"
methods = ["scratch", "kd"]
[model]
net = { plugin = "scripted", file = "net.pt" }
[grid.main]
pairs = ["net -> vgg8"]
)";

void write(const fs::path& path, const std::string& text) {
  fs::create_directories(path.parent_path());
  std::ofstream(path) << text;
}

class FilesOfOptions : public testing::Test {
 protected:
  FilesOfOptions() {
    catalogue_.models["scripted"] = {{"file", ""}, {"depth", 1}};
    catalogue_.paths["scripted"] = {"file"};
    write(place("x.toml"), kSuite);
    write(place("net.pt"), "a network");
  }
  fs::path place(const std::string& name) const { return folder_.path() / name; }
  Plan plan_of(const fs::path& suite, const std::vector<std::string>& sets = {}) {
    return make_plan(read_suite(suite, "", sets), catalogue_, {});
  }
  Plan plan() { return plan_of(place("x.toml")); }

  /// The trial that trains the network itself.
  static const Trial& training(const Plan& plan) {
    for (const auto& trial : plan.trials)
      if (trial.spec().target->name == "net") return trial;
    throw Error("nothing trains it");
  }

  const TemporaryFolder folder_;
  FakeCatalogue catalogue_ = full_catalogue();
};

TEST_F(FilesOfOptions, CountFromTheSuite) {
  const Plan made = plan();
  EXPECT_THAT(made.missing, IsEmpty());
  const ModelRef net = training(made).spec().target.value();
  EXPECT_EQ(net.options.at("file"), place("net.pt").string());
  EXPECT_EQ(net.digests.at("file"), sha256_text("a network"));
  EXPECT_EQ(catalogue_.calls, 2) << "once to learn that it is a file, once more by its path";
}

TEST_F(FilesOfOptions, AreInTheKeyByWhatTheyHold) {
  const std::string before = training(plan()).key;
  EXPECT_THAT(training(plan()).fields(), HasSubstr(sha256_text("a network")));
  EXPECT_EQ(training(plan()).fields().find(folder_.path().string()), std::string::npos);
  write(place("elsewhere/x.toml"), kSuite);
  write(place("elsewhere/net.pt"), "a network");
  EXPECT_EQ(training(plan_of(place("elsewhere/x.toml"))).key, before);
  write(place("net.pt"), "another network");
  EXPECT_NE(training(plan()).key, before);
}

TEST_F(FilesOfOptions, CountFromTheFileThatNamesThem) {
  write(place("below/child.toml"), "ktbench = 1\nextends = \"../x.toml\"\n");
  EXPECT_EQ(training(plan_of(place("below/child.toml"))).spec().target->options.at("file"),
            place("net.pt").string());
  write(place("below/own.toml"),
        "ktbench = 1\nextends = \"../x.toml\"\n[model]\nnet = { file = \"own.pt\" }\n");
  write(place("below/own.pt"), "its own");
  EXPECT_EQ(training(plan_of(place("below/own.toml"))).spec().target->options.at("file"),
            place("below/own.pt").string());
}

TEST_F(FilesOfOptions, CountFromHereOnTheCommandLine) {
  const Plan made = plan_of(place("x.toml"), {"model.net.file=\"here.pt\""});
  ASSERT_EQ(made.missing.size(), 1U);
  EXPECT_THAT(made.missing[0].message, HasSubstr((fs::current_path() / "here.pt").string()));
}

TEST_F(FilesOfOptions, ThatAreMissingAreSaid) {
  fs::remove(place("net.pt"));
  const Plan made = plan();
  ASSERT_EQ(made.missing.size(), 1U);
  EXPECT_EQ(made.missing[0].kind, "file");
  EXPECT_EQ(made.missing[0].trials, 2U) << "its own training and the one that learns from it";
  EXPECT_THAT(made.missing[0].message,
              HasSubstr("the file that `file` of scripted names was not found; 2 trials need it\n"
                        "  named   " +
                        place("x.toml").string() +
                        ":5: net = { plugin = \"scripted\", file = \"net.pt\" }\n  looked  " +
                        place("net.pt").string()));
}

}  // namespace
}  // namespace ktb::core
