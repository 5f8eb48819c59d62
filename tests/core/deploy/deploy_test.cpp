// Weights handed on under other names. That Python's libraries take them is tried by hand, as
// docs/how-to/deploy.md shows; here is what names and code are made of.
#include <gmock/gmock.h>

#include <fstream>
#include <iterator>

#include "core/base/digest.hpp"
#include "core/base/error.hpp"
#include "core/base/weights/safetensors.hpp"
#include "core/deploy/ecosystem.hpp"
#include "core/deploy/licences.hpp"
#include "core/deploy/model_card.hpp"
#include "temporary_folder.hpp"

namespace ktb::core {
namespace {

using testing::HasSubstr;
using testing::Not;
namespace fs = std::filesystem;

/// A file of zeros with tensors of these shapes.
fs::path made(const fs::path& path,
              const std::map<std::string, std::vector<std::int64_t>>& shapes) {
  Json header = {{"__metadata__", {{"ktbench", "key"}}}};
  std::uint64_t at = 0;
  for (const auto& [name, shape] : shapes) {
    std::uint64_t bytes = 4;
    for (const auto extent : shape) bytes *= static_cast<std::uint64_t>(extent);
    header[name] = {{"dtype", "F32"}, {"shape", shape}, {"data_offsets", {at, at + bytes}}};
    at += bytes;
  }
  const std::string text = header.dump();
  std::ofstream file(path, std::ios::binary);
  const std::uint64_t length = text.size();
  file.write(reinterpret_cast<const char*>(&length), sizeof length);
  file << text;
  for (std::uint64_t i = 0; i < at; ++i) file.put(static_cast<char>(i % 64));
  return path;
}

ModelRef model(const std::string& plugin, Json options) {
  ModelRef ref;
  ref.name = ref.plugin = plugin;
  ref.options = std::move(options);
  return ref;
}

TEST(Deploy, CopiesNumbersUnderOtherNames) {
  const TemporaryFolder folder;
  const WeightsFile weights(made(folder.path() / "a.safetensors",
                                 {{"one", {2, 3}}, {"two.weight", {1}}, {"scalar", {}}}));
  const fs::path copy = folder.path() / "b.safetensors";
  const std::string digest = weights.write(
      copy, [](const std::string& name) { return "net." + name; }, {{"format", "pt"}});
  EXPECT_EQ(digest, sha256_file(copy));
  const auto before = read_safetensors(folder.path() / "a.safetensors"),
             after = read_safetensors(copy);
  EXPECT_EQ(after.metadata, (std::map<std::string, std::string>{{"format", "pt"}}));
  ASSERT_EQ(after.tensors.size(), 3U);
  for (const auto& [name, tensor] : before.tensors) {
    EXPECT_EQ(after.at("net." + name).real, tensor.real) << name;
    EXPECT_EQ(after.at("net." + name).shape, tensor.shape) << name;
  }
}

TEST(Deploy, RefusesWhatIsNoFileOfWeights) {
  const TemporaryFolder folder;
  const auto error = [&](const std::string& text) -> std::string {
    const auto path = folder.path() / "x.safetensors";
    std::ofstream(path) << text;
    try {
      WeightsFile file(path);
    } catch (const Error& fault) {
      return fault.what();
    }
    return "";
  };
  EXPECT_THAT(error(""), HasSubstr("x.safetensors: not a safetensors file, or cut short"));
  EXPECT_THAT(error("<html>a page</html>"), HasSubstr("not a safetensors file"));
  EXPECT_THAT(error(std::string("\x03\0\0\0\0\0\0\0abc", 11)), HasSubstr("x.safetensors"));
}

TEST(Deploy, KnowsTorchvisionsNetworksByShape) {
  const TemporaryFolder folder;
  const auto ecosystem = [&](std::int64_t channels) {
    const WeightsFile weights(
        made(folder.path() / "w.safetensors",
             {{"conv1.weight", {64, channels, 7, 7}}, {"fc.weight", {10, 512}}}));
    return ecosystem_of(model("torchvision_resnet", {{"depth", 18}}), weights);
  };
  EXPECT_EQ(ecosystem(3).library, "torchvision");
  EXPECT_THAT(ecosystem(3).code, HasSubstr("torchvision.models.resnet18(num_classes=10)"));
  EXPECT_THAT(ecosystem(3).code, Not(HasSubstr("Conv2d")));
  EXPECT_THAT(ecosystem(1).code,
              HasSubstr("net.conv1 = torch.nn.Conv2d(1, 64, 7, 2, 3, bias=False)"));
}

TEST(Deploy, NamesBertAsHuggingFaceDoesWhereItIsTheSameNetwork) {
  const TemporaryFolder folder;
  const WeightsFile weights(
      made(folder.path() / "w.safetensors", {{"embeddings.word_embeddings.weight", {30, 8}},
                                             {"embeddings.position_embeddings.weight", {16, 8}},
                                             {"classifier.weight", {4, 8}}}));
  Json options = {{"hidden_dim", 8},
                  {"mlp_dim", 16},
                  {"num_layers", 1},
                  {"num_heads", 2},
                  {"pooling", "pooler"}};
  const auto same = ecosystem_of(model("bert", options), weights);
  EXPECT_EQ(same.library, "transformers");
  EXPECT_THAT(same.code, HasSubstr("BertForSequenceClassification(config)"));
  EXPECT_THAT(same.code, HasSubstr("num_labels=4"));
  EXPECT_EQ(same.name("embeddings.LayerNorm.weight"), "bert.embeddings.LayerNorm.weight");
  EXPECT_EQ(same.name("classifier.weight"), "classifier.weight");
  options["pooling"] = "mean";
  EXPECT_EQ(ecosystem_of(model("bert", options), weights).library, "")
      << "its head reads otherwise";
  EXPECT_EQ(ecosystem_of(model("mlp", options), weights).library, "");
}

TEST(Deploy, ACardHasResultSettingsAndLicence) {
  Plan plan;
  plan.suite = "first", plan.profile = "quick", plan.title = "A *first* table";
  TrialSpec spec;
  spec.task.dataset = "few", spec.task.plugin = "fashion_mnist";
  spec.target = model("mlp", {{"width", 32}});
  spec.method.name = spec.method.plugin = "kd";
  Record record;
  record.id = "kd-mlp", record.seed = 0, record.metrics = {{"top1", 0.8}, {"route_information", 1}};
  record.examples = {{"test", 1000}}, record.parameters = {{"target", 99}};
  record.provenance = {{"version", "0.1"}, {"torch", "2.11.0"}};
  Record other = record;
  other.seed = 1, other.metrics["top1"] = 0.9;
  TaskAnswer task;
  task.inputs = {{"image", {1, 28, 28}, "grey", 0, {0.286}, {0.353}}};
  const std::string card = model_card({plan,
                                       "kd, big -> small",
                                       spec,
                                       record,
                                       {&record, &other},
                                       task,
                                       Confusion{{"shirt", "coat"}, {{1, 0}, {0, 1}}},
                                       {"", "", [](const std::string& name) { return name; }},
                                       "s.safetensors",
                                       "abc"});
  EXPECT_THAT(card, HasSubstr("| top-1 % | 80 | 85 ± 7.1 | 2 |"));
  EXPECT_THAT(card, Not(HasSubstr("route"))) << "a method's own figure is no result";
  EXPECT_THAT(card, HasSubstr("`mlp` with 99 parameters, trained by the method `kd`"));
  EXPECT_THAT(card, HasSubstr("less [0.286] and divided by [0.353]"));
  EXPECT_THAT(card, HasSubstr("Outputs, in order: shirt, coat."));
  EXPECT_THAT(card, HasSubstr("The names are ktbench's own"));
  EXPECT_THAT(card, HasSubstr("- few (`fashion_mnist`): MIT (Zalando SE)."));
  EXPECT_THAT(licence_of_data("stripes"), HasSubstr("not known to ktbench"));
}

}  // namespace
}  // namespace ktb::core
