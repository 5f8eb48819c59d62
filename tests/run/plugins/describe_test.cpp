#include "run/plugins/describe.hpp"

#include <ATen/ops/zeros.h>
#include <gmock/gmock.h>

#include "run/plugins/loader.hpp"
#include "run/weights/safetensors.hpp"
#include "temporary_folder.hpp"

namespace ktb::run {
namespace {

using core::SourceMode;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// A file of the trunk of an MLP of width 8 on `shapes`, and a head of so many classes.
class HeadlessSource : public testing::Test {
 protected:
  explicit HeadlessSource(std::int64_t classes = 9) {
    const std::vector<std::pair<std::string, std::vector<std::int64_t>>> shapes = {
        {"hidden.0.weight", {8, 64}}, {"hidden.0.bias", {8}},      {"hidden.1.weight", {8, 8}},
        {"hidden.1.bias", {8}},       {"fc.weight", {classes, 8}}, {"fc.bias", {classes}}};
    TensorFile file;
    for (const auto& [name, shape] : shapes) file.tensors.emplace_back(name, at::zeros(shape));
    write_safetensors(path(), file);
  }

  std::string path() const { return (own_.path() / "net.safetensors").string(); }

  core::DescribeAnswers ask(const std::string& method, std::vector<SourceMode> modes,
                            const core::Json& options = core::Json::object(),
                            std::vector<std::string> sites = {}, std::int64_t width = 8) const {
    core::DescribeRequest request;
    request.datasets["d"] = {"shapes"};
    request.models["target"] = {{"mlp", {{"width", 8}}}, "d", "", "", "", false, {}};
    request.models["source"] = {
        {"mlp", {{"width", width}}}, "d", "", path(), "", true, std::move(sites)};
    request.methods["k"] = {method, options};
    request.pairings = {{"k", "d", "target", {"source"}, std::move(modes)}};
    Registry registry({KTB_PLUGIN_DIR, KTB_TEST_PLUGIN_DIR});
    return describe(request, registry, {});
  }
  std::string unsuited(const std::string& method, std::vector<SourceMode> modes,
                       const core::Json& options = core::Json::object(),
                       std::vector<std::string> sites = {}) const {
    return ask(method, std::move(modes), options, std::move(sites)).pairings.at(0).unsuited;
  }

 private:
  TemporaryFolder own_;
};

TEST_F(HeadlessSource, IsNoTeacherOfWhatReadsItsHead) {
  EXPECT_THAT(unsuited("kd", {SourceMode::kTrained}),
              AllOf(HasSubstr("kd reads what a source predicts, and its head is not from "
                              "net.safetensors"),
                    HasSubstr("fc.weight has shape [9, 8], the model's [4, 8]")));
  EXPECT_EQ(unsuited("rkd", {SourceMode::kTrained}), "");
  EXPECT_THAT(unsuited("rkd", {SourceMode::kTrained}, {{"features", "logits"}}),
              HasSubstr("reads what a source predicts"));
  EXPECT_EQ(unsuited("finetune", {SourceMode::kTrained}), "") << "its trunk alone is copied";
}

TEST_F(HeadlessSource, IsReadAtItsTrunkAlone) {
  EXPECT_THAT(unsuited("share", {SourceMode::kTrained}, core::Json::object(), {"fc.weight"}),
              HasSubstr("share reads a source's fc.weight"));
  EXPECT_EQ(unsuited("share", {SourceMode::kTrained}, core::Json::object(), {"hidden.1.weight"}),
            "");
}

TEST_F(HeadlessSource, LearnsItsHeadWhereItTrainsAlong) {
  EXPECT_EQ(unsuited("share", {SourceMode::kTrainedJoint}), "");
}

TEST_F(HeadlessSource, AnswersHowItsFileFits) {
  const auto answer = ask("kd", {SourceMode::kTrained}).models.at("source").weights.value();
  EXPECT_EQ(answer.fault, "");
  EXPECT_FALSE(answer.head);
  EXPECT_THAT(answer.warnings, ElementsAre(HasSubstr("its head is not from net.safetensors")));
  const auto wider = ask("kd", {}, core::Json::object(), {}, 16).models.at("source");
  EXPECT_THAT(wider.weights.value().fault,
              HasSubstr("hidden.0.weight has shape [8, 64], the model's [16, 64]"));
}

struct WholeSource : HeadlessSource {
  WholeSource() : HeadlessSource(4) {}
};

TEST_F(WholeSource, SuitsEverything) {
  EXPECT_EQ(unsuited("kd", {SourceMode::kTrained}), "");
  EXPECT_EQ(unsuited("share", {SourceMode::kTrained}), "");
  EXPECT_THAT(ask("kd", {}).models.at("source").weights.value().warnings, IsEmpty());
}

}  // namespace
}  // namespace ktb::run
