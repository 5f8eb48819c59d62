// Sources from files of weights, through the real binaries: no number without its file's say.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "app/shell.hpp"
#include "core/base/text_file.hpp"
#include "temporary_folder.hpp"

namespace ktb::tests {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kTop = R"(ktbench = 1
title = "Shapes"
seeds = 2
datasets = "shapes"
[recipe]
steps = 20
batch = 32
optimizer = { name = "sgd", lr = 0.1, momentum = 0.9 }
[model]
wide = { plugin = "mlp", width = 32 }
wider = { plugin = "mlp", width = 64 }
narrow = { plugin = "mlp", width = 16 }
)";

constexpr const char* kTable = R"(
[table.all]
rows = "method"
cols = "pair"
metrics = ["top1"]
extra = ["source"]
)";

class Weights : public testing::Test {
 protected:
  /// Weights of a trained `wide`, as any trial of `scratch` keeps them.
  static void SetUpTestSuite() {
    folder_ = new TemporaryFolder;
    write("train", R"(methods = ["scratch"]
pairs = ["wide -> wide"])");
    ASSERT_EQ(command("run", "train").code, 0);
    for (const auto& trial : fs::directory_iterator(path("results") / "trials"))
      if (trial.path().filename().string().find("-s0-") != std::string::npos)
        fs::copy_file(trial.path() / "weights.safetensors", path("wide.safetensors"));
    // Names of equal length keep the header's length.
    std::string bytes = core::read_text(path("wide.safetensors").string());
    for (std::size_t at = 0; (at = bytes.find("\"fc.", at)) != std::string::npos; ++at)
      bytes.replace(at, 4, "\"xy.");
    std::ofstream(path("headless.safetensors"), std::ios::binary) << bytes;
  }
  static void TearDownTestSuite() { delete folder_; }

  static fs::path path(const std::string& name) { return folder_->path() / name; }
  static void write(const std::string& name, const std::string& grid,
                    const std::string& source = "") {
    std::ofstream(path(name + ".toml")) << kTop << source << "[grid.all]\n" << grid << kTable;
  }
  static Outcome command(const std::string& verb, const std::string& name) {
    return run_command(KTB_BIN_DIR "/ktbench " + verb + " " + path(name + ".toml").string() +
                       " --plugins " KTB_TEST_PLUGIN_DIR " --results " + path("results").string());
  }
  /// A suite whose source is a file.
  static Outcome with_source(const std::string& verb, const std::string& name,
                             const std::string& source) {
    write(name, "methods = [\"scratch\", \"kd\", \"rkd\"]\npairs = [\"mine -> narrow\"]",
          "[source.mine]\ndataset = \"shapes\"\n" + source);
    return command(verb, name);
  }

 private:
  static TemporaryFolder* folder_;
};

TemporaryFolder* Weights::folder_ = nullptr;

TEST_F(Weights, AFileIsJudgedOnceAndStandsInTheRowOfSources) {
  const auto run = with_source("run", "mine", "model = \"wide\"\nweights = \"wide.safetensors\"\n");
  EXPECT_EQ(run.code, 0) << run.text;
  EXPECT_THAT(run.text, AllOf(HasSubstr("7 trials = 1 sources + 2 scratch + 4 transfers"),
                              HasSubstr("sources mine: from wide.safetensors as it is\n"),
                              HasSubstr("\nsource ")));
  EXPECT_THAT(
      with_source("run", "again", "model = \"wide\"\nweights = \"wide.safetensors\"\n").text,
      HasSubstr("7 cached"));
}

TEST_F(Weights, AHeadThatNobodyTaughtIsAHoleWhereItIsRead) {
  const auto run =
      with_source("run", "headless", "model = \"wide\"\nweights = \"headless.safetensors\"\n");
  EXPECT_EQ(run.code, 0) << run.text;
  EXPECT_THAT(run.text, HasSubstr("holes   kd reads what a source predicts, and its head is not "
                                  "from headless.safetensors: fc.weight [4, 32] is missing (the "
                                  "file's xy.weight has this shape)"));
  EXPECT_THAT(run.text, HasSubstr("0 sources + 2 scratch + 2 transfers"));
  // Pooled features are the file's; what was left out of it stands below the table.
  const auto table = run.text.substr(run.text.rfind("\nShapes,"));
  EXPECT_THAT(table, AllOf(Not(HasSubstr("\nsource ")), HasSubstr("mine: its head is not from")));
}

TEST_F(Weights, ThatDoNotFitAreRefusedBeforeAnythingTrains) {
  const auto run =
      with_source("run", "wider", "model = \"wider\"\nweights = \"wide.safetensors\"\n");
  EXPECT_EQ(run.code, 2);
  EXPECT_THAT(run.text, AllOf(HasSubstr("wider.toml:16:11: error: "),
                              HasSubstr("wide.safetensors: these weights do not fit the model:"),
                              HasSubstr("hidden.0.weight has shape [32, 64], the model's [64, 64]"),
                              HasSubstr("Nothing was run.")));
}

TEST_F(Weights, OfASourceAreNotTrained) {
  const auto run = with_source("run", "recipe",
                               "model = \"wide\"\nweights = \"wide.safetensors\"\n"
                               "recipe = { steps = 3 }\n");
  EXPECT_EQ(run.code, 2);
  EXPECT_THAT(run.text, HasSubstr("a source with `weights` is that file as it is"));
}

TEST_F(Weights, OfAModelAreWhereTrainingStarts) {
  write("start", "methods = [\"scratch\", \"kd\"]\npairs = [\"begun -> narrow\"]",
        "begun = { plugin = \"mlp\", width = 32, weights = \"wide.safetensors\" }\n");
  const auto plan = command("plan", "start");
  EXPECT_EQ(plan.code, 0) << plan.text;
  EXPECT_THAT(plan.text, HasSubstr("sources begun: starts from wide.safetensors, then 20 steps"));
}

TEST_F(Weights, InNoCacheSayTheCommandThatFillsIt) {
  const auto missing = [](const std::string& weights) {
    return with_source("plan", "missing", "model = \"wide\"\nweights = \"" + weights + "\"\n").text;
  };
  EXPECT_THAT(missing("hf:no/such-model"), HasSubstr("hf download no/such-model"));
  EXPECT_THAT(missing("torchvision:resnet18-f37072fd.pth"),
              HasSubstr("https://download.pytorch.org/models/resnet18-f37072fd.pth"));
}

}  // namespace
}  // namespace ktb::tests
