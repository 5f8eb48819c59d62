// Structure of the model plugins; their results are held against stored tensors by `plugin check`.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <cmath>
#include <cstdio>
#include <ostream>

#include "ktb/error.hpp"
#include "run/loader.hpp"
#include "run/safetensors.hpp"

namespace ktb::run {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Shape = std::vector<std::int64_t>;
using Given = std::map<std::string, Value>;

TaskSpec images(const Shape& shape, std::int64_t outputs) {
  TaskSpec task;
  task.name = "pictures", task.kind = "classification", task.outputs = outputs;
  task.inputs = {{"image", shape, shape[0] == 1 ? "grey" : "rgb", {}, {}}};
  return task;
}

const TaskSpec kCifar = images({3, 32, 32}, 100), kFashion = images({1, 28, 28}, 10);

std::shared_ptr<Model> make(const std::string& name, const TaskSpec& task, Given given = {}) {
  static Registry registry({KTB_PLUGIN_DIR});
  Options options(std::move(given));
  return registry.model(name, task, options);
}

Batch random_batch(const TaskSpec& task, std::int64_t size = 2) {
  auto shape = task.inputs[0].shape;
  shape.insert(shape.begin(), size);
  Batch batch;
  batch.x["image"] = torch::rand(shape);
  return batch;
}

Output evaluate(Model& model, const Batch& batch) {
  const torch::NoGradGuard no_grad;
  model.eval();
  return model(batch);
}

std::int64_t parameters(const Model& model) {
  std::int64_t count = 0;
  for (const auto& parameter : model.parameters()) count += parameter.numel();
  return count;
}

std::vector<Shape> shapes(const std::vector<Tensor>& tensors) {
  std::vector<Shape> out;
  for (const auto& tensor : tensors) out.push_back(tensor.sizes().vec());
  return out;
}

std::string error_of(const std::string& name, const TaskSpec& task, Given given = {}) {
  try {
    make(name, task, std::move(given));
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

/// Every plugin once, as small as its options allow.
struct Case {
  std::string name, takes, gives;
  bool normalised, any_size;
  Given options = {};
};
void PrintTo(const Case& one, std::ostream* out) { *out << one.name; }

const Given kSmallVit = {{"patch_size", 7L},
                         {"hidden_dim", 8L},
                         {"mlp_dim", 16L},
                         {"num_heads", 2L},
                         {"num_layers", 2L}};
const Case kCases[] = {
    {"mlp", "hidden.1.weight", "fc.weight", false, false},
    {"resnet8", "layer3.0.conv2.weight", "fc.weight", true, true},
    {"resnet8x4", "layer3.0.conv2.weight", "fc.weight", true, true},
    {"mergenet_resnet50", "conv5_x.2.residual_function.6.weight", "fc.weight", true, true},
    {"cifar_resnet50", "layer4.2.conv3.weight", "linear.weight", true, true},
    {"mergenet_mobilenetv2", "stage6.2.residual.6.weight", "linear.weight", true, true},
    {"vit", "encoder.layers.encoder_layer_1.mlp.3.weight", "heads.head.weight", false, false,
     kSmallVit},
};

class Models : public testing::TestWithParam<Case> {};

TEST_P(Models, KnowTheirSitesAndWhatTheyRead) {
  const auto model = make(GetParam().name, kCifar, [] {
    auto options = GetParam().options;
    if (options.contains("patch_size")) options["patch_size"] = 8L;
    return options;
  }());
  EXPECT_EQ(model->takes(), GetParam().takes);
  EXPECT_EQ(model->gives(), GetParam().gives);
  EXPECT_TRUE(model->site(model->takes()).dim() >= 2);
  EXPECT_EQ(model->site(model->gives()).size(0), 100);
  EXPECT_TRUE(model->is_head(model->gives()));
  EXPECT_EQ(model->normalised_after(model->takes()), GetParam().normalised);
  EXPECT_FALSE(model->normalised_after(model->gives()));
  ASSERT_EQ(model->reads().size(), 1u);
  EXPECT_EQ(model->reads()[0].accepts(images({3, 64, 48}, 7).inputs[0]), GetParam().any_size);
  EXPECT_FALSE(model->reads()[0].accepts(kFashion.inputs[0]));
}

TEST_P(Models, RunOnGreyImagesOf28AndReachEveryParameter) {
  const auto model = make(GetParam().name, kFashion, GetParam().options);
  model->train();
  const auto out = (*model)(random_batch(kFashion, 3));
  EXPECT_EQ(out.pred.sizes(), (Shape{3, 10}));
  EXPECT_EQ(out.pooled.sizes(), (Shape{3, model->site(model->gives()).size(1)}));
  out.pred.square().mean().backward();
  for (const auto& item : model->named_parameters())
    EXPECT_TRUE(item.value().grad().defined()) << item.key();
}

TEST_P(Models, KeepMapsAsTheNextLayerSeesThem) {
  const auto model = make(GetParam().name, kFashion, GetParam().options);
  const auto out = evaluate(*model, random_batch(kFashion));
  ASSERT_LE(out.preacts.size(), out.features.size());
  const double most = GetParam().name == "mergenet_mobilenetv2" ? 6 : INFINITY;
  int compared = 0;
  for (std::size_t k = 0; k < out.preacts.size(); ++k) {
    if (!out.preacts[k].defined()) continue;
    ++compared;
    EXPECT_LT(out.preacts[k].min().item<float>(), 0) << k;
    EXPECT_TRUE(torch::equal(out.preacts[k].clamp(0, most), out.features[k])) << k;
  }
  EXPECT_EQ(compared > 0, GetParam().name != "vit");
}

TEST_P(Models, ComeBackFromAFileByName) {
  const auto saved = make(GetParam().name, kFashion, GetParam().options);
  const auto other = make(GetParam().name, kFashion, GetParam().options);
  {
    const torch::NoGradGuard no_grad;
    saved->train();
    (*saved)(random_batch(kFashion, 4));  // so that running statistics are no longer 0 and 1
    for (auto& parameter : saved->parameters()) parameter.add_(torch::randn_like(parameter), 0.01);
  }
  const auto path = testing::TempDir() + "model_" + GetParam().name + ".safetensors";
  write_safetensors(path, {state_of(*saved), {}});
  EXPECT_THAT(load_weights(*other, read_safetensors(path), path), IsEmpty());
  const auto batch = random_batch(kFashion);
  EXPECT_TRUE(torch::equal(evaluate(*other, batch).pred, evaluate(*saved, batch).pred));
  std::remove(path.c_str());
}

TEST_P(Models, RefuseATaskWithoutImages) {
  TaskSpec task = kFashion;
  task.inputs = {{"tokens", {-1}, "wordpiece:bert", {}, {}}};
  EXPECT_THAT(error_of(GetParam().name, task), HasSubstr("offers tokens"));
}

INSTANTIATE_TEST_SUITE_P(, Models, testing::ValuesIn(kCases),
                         [](const auto& info) { return info.param.name; });

// The numbers are those of the originals, counted in Python (shared test vectors,
// `parameter_count`).
TEST(ModelParameters, AreAsManyAsInTheOriginals) {
  const std::map<std::string, std::int64_t> known = {{"resnet8", 83'892},
                                                     {"resnet14", 181'108},
                                                     {"resnet20", 278'324},
                                                     {"resnet32", 472'756},
                                                     {"resnet44", 667'188},
                                                     {"resnet56", 861'620},
                                                     {"resnet110", 1'736'564},
                                                     {"resnet8x4", 1'233'540},
                                                     {"resnet32x4", 7'433'860},
                                                     {"mergenet_resnet50", 23'705'252},
                                                     {"cifar_resnet50", 23'705'252},
                                                     {"mergenet_mobilenetv2", 2'369'380}};
  for (const auto& [name, count] : known) EXPECT_EQ(parameters(*make(name, kCifar)), count) << name;
  EXPECT_EQ(parameters(*make("torchvision_vit", images({3, 32, 32}, 10),
                             {{"patch_size", 8L},
                              {"hidden_dim", 64L},
                              {"mlp_dim", 128L},
                              {"num_heads", 4L},
                              {"num_layers", 3L}})),
            114'698);
  // 784 * 256 + 256, 256 * 256 + 256, 256 * 10 + 10
  EXPECT_EQ(parameters(*make("mlp", kFashion)), 200'960 + 65'792 + 2'570);
}

TEST(ModelFeatures, ShrinkAsInTheOriginals) {
  const auto features = [](const std::string& name, const TaskSpec& task, Given given = {}) {
    return shapes(evaluate(*make(name, task, std::move(given)), random_batch(task)).features);
  };
  EXPECT_THAT(features("resnet8x4", kCifar),
              ElementsAre(Shape{2, 32, 32, 32}, Shape{2, 64, 32, 32}, Shape{2, 128, 16, 16},
                          Shape{2, 256, 8, 8}));
  EXPECT_THAT(features("resnet20", kFashion),
              ElementsAre(Shape{2, 16, 28, 28}, Shape{2, 16, 28, 28}, Shape{2, 32, 14, 14},
                          Shape{2, 64, 7, 7}));
  EXPECT_THAT(features("mergenet_mobilenetv2", kFashion),
              ElementsAre(Shape{2, 32, 30, 30}, Shape{2, 16, 30, 30}, Shape{2, 24, 15, 15},
                          Shape{2, 32, 8, 8}, Shape{2, 64, 4, 4}, Shape{2, 96, 4, 4},
                          Shape{2, 160, 4, 4}, Shape{2, 320, 4, 4}, Shape{2, 1280, 4, 4}));
  EXPECT_THAT(features("vit", kFashion, kSmallVit),
              ElementsAre(Shape{2, 8, 4, 4}, Shape{2, 17, 8}, Shape{2, 17, 8}, Shape{2, 17, 8}));
  EXPECT_THAT(features("mlp", kFashion, {{"widths", Shape{30, 20}}}),
              ElementsAre(Shape{2, 30}, Shape{2, 20}));
}

TEST(ModelWidths, OfMobileNetScaleToMultiplesOf8) {
  const auto half = make("mergenet_mobilenetv2", kCifar, {{"width", 0.5}});
  EXPECT_EQ(half->site("stage6.2.residual.6.weight").sizes(), (Shape{80, 480, 1, 1}));
  EXPECT_EQ(half->site("stage1.residual.6.weight").size(0), 8);
  EXPECT_EQ(half->site("linear.weight").size(1), 1280);
}

TEST(ModelInitialisation, IsThatOfTheOriginals) {
  torch::manual_seed(0);
  const auto spread = [](const std::shared_ptr<Model>& model, const std::string& site) {
    return model->site(site).std().item<double>();
  };
  // Normal with variance 2 / (out * 9), against PyTorch's uniform with variance 1 / (3 in).
  EXPECT_NEAR(spread(make("resnet8x4", kCifar), "layer3.0.conv1.weight"), std::sqrt(2.0 / 2304),
              3e-4);
  EXPECT_NEAR(spread(make("cifar_resnet50", kCifar), "layer3.0.conv1.weight"), std::sqrt(2.0 / 256),
              3e-4);
  EXPECT_NEAR(spread(make("mergenet_resnet50", kCifar), "conv4_x.0.residual_function.0.weight"),
              std::sqrt(1.0 / 3 / 512), 3e-4);
  const auto vit = make("vit", kFashion);
  EXPECT_EQ(vit->site("heads.head.weight").abs().max().item<float>(), 0);
  EXPECT_EQ(vit->site("class_token").abs().max().item<float>(), 0);
  EXPECT_NEAR(spread(vit, "conv_proj.weight"), 0.25, 0.01);  // a patch has 4 * 4 values
  EXPECT_NEAR(spread(vit, "encoder.pos_embedding"), 0.02, 1e-3);
}

TEST(ModelOptions, AreRefusedWithTheReason) {
  EXPECT_THAT(error_of("resnet", kCifar, {{"depth", 21L}}), HasSubstr("not 6 n + 2"));
  EXPECT_THAT(error_of("vit", kFashion, {{"patch_size", 8L}}), HasSubstr("28 x 28"));
  EXPECT_THAT(error_of("vit", kFashion, {{"num_heads", 5L}}), HasSubstr("`hidden_dim`, 192"));
  EXPECT_THAT(error_of("mlp", kFashion, {{"depth", 0L}}), HasSubstr("depth"));
}

}  // namespace
}  // namespace ktb::run
