// What comes out of a trial beside its record, through the real binaries: kept predictions and
// features, probabilities, figures of classes, weights to be used elsewhere; and a trunk of
// PyTorch's going in.
#include <gmock/gmock.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "app/shapes.hpp"
#include "app/shell.hpp"
#include "core/base/digest.hpp"
#include "core/base/json.hpp"
#include "core/base/weights/safetensors.hpp"
#include "temporary_folder.hpp"

namespace ktb::tests {
namespace {

namespace fs = std::filesystem;
using core::Json;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

std::string read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Lines of a CSV text without quoted fields.
std::vector<std::vector<std::string>> rows_of(const std::string& text) {
  std::vector<std::vector<std::string>> rows;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    auto& row = rows.emplace_back();
    std::istringstream fields(line);
    for (std::string field; std::getline(fields, field, ',');) row.push_back(field);
  }
  return rows;
}

class Deployment : public testing::Test {
 protected:
  void write_suite(const std::string& keep, const std::string& pair = kPairAndTable) const {
    std::ofstream(place("suite.toml")) << R"(ktbench = 1
title = "Shapes"
seeds = 1
datasets = "shapes"
methods = ["scratch", "kd"]
[recipe]
steps = 30
batch = 32
optimizer = { name = "sgd", lr = 0.05, momentum = 0.9 }
[method.kd]
)" << keep << pair;
  }
  Outcome ktbench(const std::string& verb, const std::string& rest = "") const {
    return run_command(KTB_BIN_DIR "/ktbench " + verb + " " + place("suite.toml").string() + " " +
                       rest + " --plugins " KTB_TEST_PLUGIN_DIR " --results " +
                       place("results").string());
  }
  fs::path place(const std::string& name) const { return folder_.path() / name; }
  fs::path trial(const std::string& start) const {
    for (const auto& entry : fs::directory_iterator(place("results/trials")))
      if (entry.path().filename().string().starts_with(start)) return entry.path();
    return {};
  }
  double top1(const fs::path& trial) const {
    return Json::parse(read(trial / "record.json")).at("metrics").at("top1").get<double>();
  }

  const TemporaryFolder folder_;
};

constexpr auto kKeepAll = "recipe.keep = [\"weights\", \"predictions\", \"features\"]\n";

TEST_F(Deployment, KeepsWhatTheRecipeAsksForOfAFinishedTrialToo) {
  write_suite("");
  ASSERT_EQ(ktbench("run").code, 0);
  const auto kd = trial("kd-");
  EXPECT_FALSE(fs::exists(kd / "weights.safetensors"));
  const Outcome refused = ktbench("predict", "kd");
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.text, AllOf(HasSubstr("were not kept"), HasSubstr("recipe.keep")));

  write_suite(kKeepAll);
  EXPECT_THAT(ktbench("plan").text, HasSubstr("2 cached")) << "of 3: it decides no result";
  ASSERT_EQ(ktbench("run").code, 0);
  ASSERT_EQ(trial("kd-"), kd);
  const auto predictions = core::read_safetensors(kd / "predictions.safetensors");
  const auto& logits = predictions.at("prediction");
  const auto& labels = predictions.at("y.label").whole;
  ASSERT_THAT(logits.shape, ElementsAre(64, 4));
  int right = 0;
  for (std::size_t i = 0; i < 64; ++i) {
    const auto row = logits.real.begin() + static_cast<std::ptrdiff_t>(4 * i);
    right += std::max_element(row, row + 4) - row == labels.at(i);
  }
  EXPECT_NEAR(right / 64.0, top1(kd), 1e-9);
  const auto features = core::read_safetensors(kd / "features.safetensors");
  EXPECT_THAT(features.at("pooled").shape, ElementsAre(64, 16));
  EXPECT_THAT(features.at("features.0").shape, ElementsAre(64, 16));
  EXPECT_THAT(ktbench("run").text, HasSubstr("3 cached")) << "nothing is left to be kept";
}

TEST_F(Deployment, PredictsItsTestSplitAndPicturesOfAFolder) {
  write_suite(kKeepAll);
  ASSERT_EQ(ktbench("run").code, 0);
  const Outcome test = ktbench("predict", "kd");
  ASSERT_EQ(test.code, 0) << test.text;
  const auto rows = rows_of(test.text);
  ASSERT_EQ(rows.size(), 65U);
  EXPECT_THAT(rows[0], ElementsAre("example", "label", "predicted", "p.0", "p.1", "p.2", "p.3"));
  int right = 0;
  for (std::size_t i = 1; i < rows.size(); ++i) {
    right += rows[i][1] == rows[i][2];
    double sum = 0;
    for (std::size_t k = 3; k < 7; ++k) sum += std::stod(rows[i][k]);
    EXPECT_NEAR(sum, 1, 1e-5);
  }
  EXPECT_NEAR(right / 64.0, top1(trial("kd-")), 1e-9);

  fs::create_directories(place("pictures/below"));
  std::ofstream(place("pictures/below/a, b.pgm")) << "P5 2 2 127\nzaaa";
  std::ofstream(place("pictures/c.pgm")) << "P5 2 2 127\naaaz";
  const Outcome own = ktbench(
      "predict", "kd --input " + place("pictures").string() + " -o " + place("own.csv").string());
  ASSERT_EQ(own.code, 0) << own.text;
  EXPECT_THAT(read(place("own.csv")),
              AllOf(HasSubstr("file,predicted,p.0,p.1,p.2,p.3\r\n"),
                    HasSubstr("\n\"below/a, b.pgm\","), HasSubstr("\nc.pgm,")));
  fs::create_directory(place("empty"));
  const Outcome nothing = ktbench("predict", "kd --input " + place("empty").string());
  EXPECT_EQ(nothing.code, 2);
  EXPECT_THAT(nothing.text, HasSubstr("holds no picture"));
}

TEST_F(Deployment, WritesWeightsWithACardAndFiguresOfClasses) {
  write_suite(kKeepAll);
  ASSERT_EQ(ktbench("run").code, 0);
  const Outcome found = ktbench("deploy", "kd -o " + place("student.safetensors").string());
  ASSERT_EQ(found.code, 0) << found.text;
  const auto deployed = core::read_safetensors(place("student.safetensors"));
  const auto kept = core::read_safetensors(trial("kd-") / "weights.safetensors");
  EXPECT_EQ(deployed.at("fc.weight").real, kept.at("fc.weight").real);
  const std::string card = read(place("student.md"));
  EXPECT_THAT(card, AllOf(HasSubstr("# kd, wide"), HasSubstr("| top-1 % |"),
                          HasSubstr("| recipe | steps 30, batch 32, optimizer sgd"),
                          HasSubstr("less [0.5] and divided by [0.5]"),
                          HasSubstr(core::sha256_file(place("student.safetensors"))),
                          HasSubstr("shapes (`shapes`): not known to ktbench")));
  EXPECT_EQ(ktbench("deploy", "kd -o " + place("student.pt").string()).code, 2);

  EXPECT_THAT(ktbench("show", "kd").text,
              AllOf(HasSubstr("recall  precision     F1"), HasSubstr("class 3")));
  const Outcome classes = ktbench("export", "--classes --format csv");
  const auto rows = rows_of(classes.text);
  ASSERT_EQ(rows.size(), 1U + 3 * 4) << "three trials of four classes\n" << classes.text;
  EXPECT_EQ(rows[0].front(), "suite");
  EXPECT_THAT(std::vector<std::string>(rows[0].end() - 9, rows[0].end()),
              ElementsAre("class", "examples", "recall", "precision", "f1", "as.class 0",
                          "as.class 1", "as.class 2", "as.class 3"));
}

/// The suite's line of the archive is the place of what is wrong with it.
TEST_F(Deployment, ATrunkOfPyTorchIsATargetAndASource) {
  const std::string stored = KTB_SOURCE_DIR "/tests/plugins/models/torchscript/";
  fs::copy_file(stored + "trunk.pt", place("trunk.pt"));
  const std::string pair = R"(
[model]
scripted = { plugin = "torchscript", file = "trunk.pt" }
narrow = { plugin = "mlp", width = 16 }
[grid.all]
pairs = ["scripted -> narrow", "narrow -> scripted"]
[table.all]
rows = "method"
cols = "pair"
)";
  write_suite("", pair);
  const Outcome run = ktbench("run");
  ASSERT_EQ(run.code, 0) << run.text;
  EXPECT_THAT(ktbench("run").text, HasSubstr("4 cached"));

  fs::copy_file(stored + "stored_only.pt", place("trunk.pt"), fs::copy_options::overwrite_existing);
  const Outcome changed = ktbench("plan");
  EXPECT_EQ(changed.code, 2);
  EXPECT_THAT(changed.text,
              AllOf(HasSubstr("suite.toml:13:"), HasSubstr("no method `initialise`")));
  fs::remove(place("trunk.pt"));
  EXPECT_THAT(ktbench("run").text,
              AllOf(HasSubstr("the file that `file` of torchscript names was not found"),
                    HasSubstr(place("trunk.pt").string())));
}

}  // namespace
}  // namespace ktb::tests
