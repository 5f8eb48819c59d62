// Structure of the model plugins; their results are held against stored tensors by `plugin check`.
#include <ATen/record_function.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <cmath>
#include <ostream>
#include <string_view>

#include "ktb/nn/blocks.hpp"
#include "run/model_making.hpp"
#include "run/weights/fit.hpp"
#include "run/weights/safetensors.hpp"
#include "sdk/frozen.hpp"
#include "temporary_folder.hpp"

namespace ktb::run {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Shape = std::vector<std::int64_t>;

TaskSpec images(const Shape& shape, std::int64_t outputs) {
  TaskSpec task;
  task.name = "pictures", task.kind = "classification", task.outputs = outputs;
  task.inputs = {{"image", shape, shape[0] == 1 ? "grey" : "rgb", {}, {}}};
  return task;
}

const TaskSpec kCifar = images({3, 32, 32}, 100), kFashion = images({1, 28, 28}, 10);

Batch random_batch(const TaskSpec& task, std::int64_t size = 2) {
  auto shape = task.inputs[0].shape;
  shape.insert(shape.begin(), size);
  Batch batch;
  batch.x["image"] = torch::rand(shape);
  return batch;
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

/// How a map after its activation follows from the one before.
enum class Preacts { kNone, kRelu, kRelu6, kNormalised, kShuffled };

/// Every plugin once, as small as its options allow.
struct Case {
  std::string name, takes, gives;
  bool normalised, any_size;
  Preacts preacts;
  Given options = {};
};
void PrintTo(const Case& one, std::ostream* out) { *out << one.name; }

const Given kSmallVit = {{"patch_size", 7L},
                         {"hidden_dim", 8L},
                         {"mlp_dim", 16L},
                         {"num_heads", 2L},
                         {"num_layers", 2L}};
const Given kSmallDeit = {
    {"patch_size", 7L}, {"hidden_dim", 8L}, {"num_heads", 2L}, {"num_layers", 2L}};
const Given kSmallMixer = {{"patch_size", 7L}, {"hidden_dim", 8L}, {"num_layers", 2L}};
const Given kSmallConvNeXt = {{"depths", Shape{1, 1, 2}}, {"widths", Shape{8, 16, 24}}};
const Case kCases[] = {
    {"mlp", "hidden.1.weight", "fc.weight", false, false, Preacts::kRelu},
    {"resnet8", "layer3.0.conv2.weight", "fc.weight", true, true, Preacts::kRelu},
    {"resnet8x4", "layer3.0.conv2.weight", "fc.weight", true, true, Preacts::kRelu},
    {"wrn_16_1", "block3.layer.1.conv2.weight", "fc.weight", false, true, Preacts::kNormalised},
    {"vgg8", "block4.0.weight", "classifier.weight", true, true, Preacts::kRelu},
    {"mobilenetv2_half", "blocks.5.2.conv.6.weight", "classifier.0.weight", true, true,
     Preacts::kNone},
    {"shufflenetv1", "layer3.3.conv3.weight", "linear.weight", true, true, Preacts::kRelu},
    {"shufflenetv2", "conv2.weight", "linear.weight", true, true, Preacts::kShuffled},
    {"mergenet_resnet50", "conv5_x.2.residual_function.6.weight", "fc.weight", true, true,
     Preacts::kRelu},
    {"cifar_resnet50", "layer4.2.conv3.weight", "linear.weight", true, true, Preacts::kRelu},
    {"mergenet_mobilenetv2", "stage6.2.residual.6.weight", "linear.weight", true, true,
     Preacts::kRelu6},
    {"torchvision_resnet18", "layer4.1.conv2.weight", "fc.weight", true, true, Preacts::kRelu},
    {"torchvision_mobilenet_v2", "features.16.conv.2.weight", "classifier.1.weight", true, true,
     Preacts::kRelu6},
    {"torchvision_convnext", "features.5.1.block.5.weight", "classifier.2.weight", false, true,
     Preacts::kNone, kSmallConvNeXt},
    {"vit", "encoder.layers.encoder_layer_1.mlp.3.weight", "heads.head.weight", false, false,
     Preacts::kNone, kSmallVit},
    {"timm_deit", "blocks.1.mlp.fc2.weight", "head.weight", false, false, Preacts::kNone,
     kSmallDeit},
    {"timm_mixer", "blocks.1.mlp_channels.fc2.weight", "head.weight", false, false, Preacts::kNone,
     kSmallMixer},
};

Tensor after_activation(const Tensor& preact, Preacts kind) {
  switch (kind) {
    case Preacts::kNone:
      return preact;
    case Preacts::kRelu:
      return preact.relu();
    case Preacts::kRelu6:
      return preact.clamp(0, 6);
    case Preacts::kNormalised:  // of a fresh normalisation, which only adds its epsilon
      return preact * std::sqrt(1 + 1e-5);
    case Preacts::kShuffled:
      return shuffle_channels(preact.relu(), 2);
  }
  return {};
}

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
  int compared = 0;
  for (std::size_t k = 0; k < out.preacts.size(); ++k) {
    if (!out.preacts[k].defined()) continue;
    ++compared;
    EXPECT_LT(out.preacts[k].min().item<float>(), 0) << k;
    EXPECT_TRUE(torch::allclose(after_activation(out.preacts[k], GetParam().preacts),
                                out.features[k], 1e-5, 1e-6))
        << k;
  }
  EXPECT_EQ(compared > 0, GetParam().preacts != Preacts::kNone);
}

TEST_P(Models, TakeABatchOfOne) {
  const auto model = make(GetParam().name, kFashion, GetParam().options);
  auto batch = random_batch(kFashion);
  const auto both = evaluate(*model, batch).pred;
  batch.x["image"] = batch.x["image"].slice(0, 1, 2);
  EXPECT_TRUE(torch::allclose(evaluate(*model, batch).pred, both.slice(0, 1, 2), 1e-3, 1e-5));
}

TEST_P(Models, GiveFloatsInMixedPrecision) {
  const auto model = make(GetParam().name, kFashion, GetParam().options);
  set_precision("bf16");
  const auto out = evaluate(*model, random_batch(kFashion, 1));
  set_precision("fp32");
  EXPECT_EQ(out.pred.scalar_type(), at::kFloat);
  EXPECT_EQ(out.features.back().scalar_type(), at::kFloat);
  EXPECT_TRUE(out.pred.isfinite().all().item<bool>());
}

void expect_close(const Output& a, const Output& b, double relative) {
  const auto close = [&](const Tensor& x, const Tensor& y) {
    ASSERT_EQ(x.defined(), y.defined());
    if (!x.defined()) return;
    EXPECT_EQ(y.scalar_type(), at::kFloat);
    const double most = x.abs().max().item<double>() + 1e-6;
    EXPECT_LE((x - y).abs().max().item<double>() / most, relative);
  };
  close(a.pred, b.pred);
  close(a.pooled, b.pooled);
  for (std::size_t k = 0; k < a.features.size(); ++k) close(a.features[k], b.features[k]);
  for (std::size_t k = 0; k < a.preacts.size(); ++k) close(a.preacts[k], b.preacts[k]);
}

/// A model whose normalisations have seen something, as a trained one's have.
std::shared_ptr<Model> seasoned(const Case& one) {
  const torch::NoGradGuard no_grad;
  auto model = make(one.name, kFashion, one.options);
  const RandomScope random(at::kCPU, 2);
  for (auto& item : model->named_buffers())
    if (item.key().ends_with("running_mean"))
      item.value().normal_(0, 0.1);
    else if (item.key().ends_with("running_var"))
      item.value().uniform_(0.5, 2);
  return model;
}

TEST_P(Models, AreTheSameWithTheirNormsFolded) {
  const auto plain = seasoned(GetParam()), folded = seasoned(GetParam());
  const auto state = state_of(*folded);
  std::vector<Tensor> before;
  for (const auto& [name, tensor] : state) before.push_back(tensor.clone());
  fold_norms(*folded);
  const auto batch = random_batch(kFashion, 4);
  expect_close(evaluate(*plain, batch), evaluate(*folded, batch), 1e-4);
  const auto after = state_of(*folded);
  ASSERT_EQ(after.size(), state.size());
  for (std::size_t i = 0; i < after.size(); ++i)
    EXPECT_TRUE(at::equal(after[i].second, before[i])) << after[i].first;
}

/// Methods that try what a channel is good for write to a source's weights and put them back.
TEST_P(Models, FollowWhoeverWritesToFoldedWeights) {
  const auto plain = seasoned(GetParam()), folded = seasoned(GetParam());
  fold_norms(*folded);
  const auto batch = random_batch(kFashion, 4);
  evaluate(*folded, batch);
  for (const auto& model : {plain, folded}) {
    const torch::NoGradGuard no_grad;
    for (auto& parameter : model->parameters()) parameter.mul_(0.9);
    for (auto& item : model->named_buffers())
      if (item.key().ends_with("running_var")) item.value().mul_(1.5);
  }
  expect_close(evaluate(*plain, batch), evaluate(*folded, batch), 1e-4);
}

TEST_P(Models, AloneMayComputeInBf16) {
  const auto plain = seasoned(GetParam()), lower = seasoned(GetParam()),
             other = seasoned(GetParam());
  fold_norms(*lower);
  compute_in_bf16(*lower);
  const auto batch = random_batch(kFashion, 4);
  const auto exact = evaluate(*plain, batch), out = evaluate(*lower, batch);
  EXPECT_FALSE(at::equal(exact.pooled, out.pooled));
  expect_close(exact, out, 0.1);
  EXPECT_TRUE(at::equal(evaluate(*other, batch).pred, exact.pred));
}

/// One pass over each map less: of ResNet-8 no normalisation is left, of a WRN those in front.
TEST(FoldedModels, ComputeNoNormalisation) {
  const auto norms = [](const std::string& name, Given options) {
    const auto model = make(name, kFashion, std::move(options));
    fold_norms(*model);
    static int count;
    count = 0;
    const auto counted = at::addThreadLocalCallback(at::RecordFunctionCallback(
        [](const at::RecordFunction& call) -> std::unique_ptr<at::ObserverContext> {
          count += std::string_view(call.name()) == "aten::batch_norm";
          return nullptr;
        }));
    evaluate(*model, random_batch(kFashion));
    at::removeCallback(counted);
    return count;
  };
  EXPECT_EQ(norms("resnet8", {}), 0);
  EXPECT_EQ(norms("wrn", {{"depth", 10L}, {"width", 1L}}), 4);
}

TEST_P(Models, NameTheNormalisationsOfTheirMaps) {
  const auto model = make(GetParam().name, kFashion, GetParam().options);
  const auto out = evaluate(*model, random_batch(kFashion));
  const auto norms = model->preact_norms();
  ASSERT_LE(norms.size(), out.features.size());
  for (std::size_t k = 0; k < norms.size(); ++k) {
    if (norms[k].empty()) continue;
    EXPECT_EQ(model->site(norms[k] + ".weight").size(0), out.before_activation(k).size(1)) << k;
    EXPECT_EQ(model->site(norms[k] + ".bias").size(0), out.before_activation(k).size(1)) << k;
  }
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
  const TemporaryFolder folder;
  const std::string path = folder.path() / "weights.safetensors";
  write_safetensors(path, {state_of(*saved), {}});
  EXPECT_THAT(load_weights(*other, open_weights(path)), IsEmpty());
  const auto batch = random_batch(kFashion);
  EXPECT_TRUE(torch::equal(evaluate(*other, batch).pred, evaluate(*saved, batch).pred));
}

TEST_P(Models, RefuseATaskWithoutImages) {
  TaskSpec task = kFashion;
  task.inputs = {{"tokens", {-1}, "wordpiece:bert", {}, {}}};
  EXPECT_THAT(error_of(GetParam().name, task), HasSubstr("offers tokens"));
}

INSTANTIATE_TEST_SUITE_P(, Models, testing::ValuesIn(kCases),
                         [](const auto& info) { return info.param.name; });

struct Count {
  std::string name;
  std::int64_t parameters;
};

void expect_counts(const std::vector<Count>& counts, const TaskSpec& task) {
  for (const auto& [name, count] : counts) EXPECT_EQ(parameters(*make(name, task)), count) << name;
}

TEST(ModelParameters, AreAsManyAsInTheDistillationLiterature) {
  // Counted in HobbitLong/RepDistiller@b84f547, models/*.py, at 100 classes; CRD (arXiv 1910.10699)
  // and mdistiller compare these very networks.
  expect_counts({{"resnet8", 83'892},              // models/resnet.py: resnet8
                 {"resnet14", 181'108},            // models/resnet.py: resnet14
                 {"resnet20", 278'324},            // models/resnet.py: resnet20
                 {"resnet32", 472'756},            // models/resnet.py: resnet32
                 {"resnet44", 667'188},            // models/resnet.py: resnet44
                 {"resnet56", 861'620},            // models/resnet.py: resnet56
                 {"resnet110", 1'736'564},         // models/resnet.py: resnet110
                 {"resnet8x4", 1'233'540},         // models/resnet.py: resnet8x4
                 {"resnet32x4", 7'433'860},        // models/resnet.py: resnet32x4
                 {"wrn_16_1", 180'916},            // models/wrn.py: wrn_16_1
                 {"wrn_16_2", 703'284},            // models/wrn.py: wrn_16_2
                 {"wrn_40_1", 569'780},            // models/wrn.py: wrn_40_1
                 {"wrn_40_2", 2'255'156},          // models/wrn.py: wrn_40_2
                 {"vgg8", 3'965'028},              // models/vgg.py: vgg8_bn
                 {"vgg11", 9'277'284},             // models/vgg.py: vgg11_bn
                 {"vgg13", 9'462'180},             // models/vgg.py: vgg13_bn
                 {"vgg16", 14'774'436},            // models/vgg.py: vgg16_bn
                 {"vgg19", 20'086'692},            // models/vgg.py: vgg19_bn
                 {"mobilenetv2_half", 812'836},    // models/mobilenetv2.py: mobile_half
                 {"shufflenetv1", 949'258},        // models/ShuffleNetv1.py: ShuffleV1
                 {"shufflenetv2", 1'355'528},      // models/ShuffleNetv2.py: ShuffleV2
                 {"cifar_resnet50", 23'705'252}},  // models/resnetv2.py: ResNet50
                kCifar);
}

TEST(ModelParameters, AreAsManyAsInMergeNet) {
  // Counted in Fantasylii/mergenet@dc92168, at 100 classes.
  expect_counts({{"mergenet_resnet50", 23'705'252}, {"mergenet_mobilenetv2", 2'369'380}}, kCifar);
}

TEST(ModelParameters, AreAsManyAsInTorchvisionAndTimmForTenClasses) {
  // Counted in torchvision 0.26.0 and timm 1.0.31 (shared test vectors, `parameter_count`).
  expect_counts({{"torchvision_resnet18", 11'181'642},       // torchvision.models.resnet18
                 {"torchvision_resnet34", 21'289'802},       // torchvision.models.resnet34
                 {"torchvision_resnet50", 23'528'522},       // torchvision.models.resnet50
                 {"torchvision_mobilenet_v2", 2'236'682},    // torchvision.models.mobilenet_v2
                 {"torchvision_convnext_tiny", 27'827'818},  // torchvision.models.convnext_tiny
                 {"timm_deit_tiny", 5'491'786}},             // timm: deit_tiny_patch16_224
                images({3, 64, 64}, 10));
  const auto small = images({3, 32, 32}, 10);
  Given options = {{"patch_size", 8L}, {"hidden_dim", 64L}, {"num_layers", 3L}};
  // timm.models.mlp_mixer.MlpMixer
  EXPECT_EQ(parameters(*make("timm_mixer", small, options)), 116'378);
  options["mlp_dim"] = 128L, options["num_heads"] = 4L;
  // torchvision.models.VisionTransformer
  EXPECT_EQ(parameters(*make("torchvision_vit", small, options)), 114'698);
}

TEST(ModelParameters, AreAsManyAsPublishedForImageNet) {
  // `num_params` of the weights in torchvision's documentation;
  // timm's model card of DeiT says 5.7 M.
  expect_counts({{"torchvision_resnet18", 11'689'512},
                 {"torchvision_resnet34", 21'797'672},
                 {"torchvision_resnet50", 25'557'032},
                 {"torchvision_mobilenet_v2", 3'504'872},
                 {"torchvision_convnext_tiny", 28'589'128},
                 {"timm_deit_tiny", 5'717'416}},
                images({3, 224, 224}, 1000));
  EXPECT_EQ(parameters(*make("torchvision_resnet", images({3, 224, 224}, 1000), {{"depth", 101L}})),
            44'549'160);
}

TEST(ModelParameters, OfAPlainNetworkAreCountedByHand) {
  // 784 * 256 + 256, 256 * 256 + 256, 256 * 10 + 10
  EXPECT_EQ(parameters(*make("mlp", kFashion)), 200'960 + 65'792 + 2'570);
}

// The names of mdistiller's get_bn_before_relu().
TEST(ModelNorms, AreThoseInFrontOfTheActivations) {
  const auto norms = [](const std::string& name) { return make(name, kCifar)->preact_norms(); };
  EXPECT_THAT(norms("resnet20"), ElementsAre("", "layer1.2.bn2", "layer2.2.bn2", "layer3.2.bn2"));
  EXPECT_THAT(norms("cifar_resnet50"),
              ElementsAre("", "layer1.2.bn3", "layer2.3.bn3", "layer3.5.bn3", "layer4.2.bn3"));
  EXPECT_THAT(norms("wrn_16_2"),
              ElementsAre("", "block2.layer.0.bn1", "block3.layer.0.bn1", "bn1"));
  EXPECT_THAT(norms("vgg13"), ElementsAre("", "block1.4", "block2.4", "block3.4", "block4.4"));
  EXPECT_THAT(norms("mobilenetv2_half"), ElementsAre("", "blocks.1.1.conv.7", "blocks.2.2.conv.7",
                                                     "blocks.4.2.conv.7", "blocks.6.0.conv.7"));
  EXPECT_THAT(norms("torchvision_resnet18"),
              ElementsAre("", "layer1.1.bn2", "layer2.1.bn2", "layer3.1.bn2", "layer4.1.bn2"));
  EXPECT_THAT(norms("shufflenetv1"), IsEmpty());
  EXPECT_THAT(norms("shufflenetv2"), IsEmpty());
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
  EXPECT_THAT(features("wrn_16_2", kFashion),
              ElementsAre(Shape{2, 16, 28, 28}, Shape{2, 32, 28, 28}, Shape{2, 64, 14, 14},
                          Shape{2, 128, 7, 7}));
  EXPECT_THAT(features("vgg8", kFashion),
              ElementsAre(Shape{2, 64, 28, 28}, Shape{2, 128, 14, 14}, Shape{2, 256, 7, 7},
                          Shape{2, 512, 3, 3}, Shape{2, 512, 3, 3}));
  EXPECT_THAT(features("mobilenetv2_half", kFashion),
              ElementsAre(Shape{2, 16, 14, 14}, Shape{2, 12, 14, 14}, Shape{2, 16, 7, 7},
                          Shape{2, 48, 4, 4}, Shape{2, 160, 2, 2}));
  EXPECT_THAT(features("shufflenetv2_1_5", kFashion),
              ElementsAre(Shape{2, 24, 28, 28}, Shape{2, 176, 14, 14}, Shape{2, 352, 7, 7},
                          Shape{2, 704, 4, 4}));
  EXPECT_THAT(features("torchvision_convnext", kFashion, kSmallConvNeXt),
              ElementsAre(Shape{2, 8, 7, 7}, Shape{2, 8, 7, 7}, Shape{2, 16, 3, 3},
                          Shape{2, 16, 3, 3}, Shape{2, 24, 1, 1}, Shape{2, 24, 1, 1}));
  EXPECT_THAT(features("mlp", kFashion, {{"widths", Shape{30, 20}}}),
              ElementsAre(Shape{2, 30}, Shape{2, 20}));
}

TEST(ModelWidths, OfMobileNetScaleToMultiplesOf8) {
  const auto half = make("mergenet_mobilenetv2", kCifar, {{"width", 0.5}});
  EXPECT_EQ(half->site("stage6.2.residual.6.weight").sizes(), (Shape{80, 480, 1, 1}));
  EXPECT_EQ(half->site("stage1.residual.6.weight").size(0), 8);
  EXPECT_EQ(half->site("linear.weight").size(1), 1280);
  // 0.35 of 32 is 11.2, of which 8 would be too little: torchvision rounds up.
  const auto thin = make("torchvision_mobilenet_v2", kCifar, {{"width_mult", 0.35}});
  EXPECT_EQ(thin->site("features.0.0.weight").size(0), 16);
  EXPECT_EQ(thin->site("features.18.0.weight").size(0), 1280);
}

TEST(Vgg, PoolsOnceMoreWhereImagesAre64High) {
  const auto task = images({3, 64, 64}, 10);
  const auto maps = evaluate(*make("vgg8", task), random_batch(task)).features;
  EXPECT_EQ(maps[3].size(2), 8);
  EXPECT_EQ(maps[4].size(2), 4);
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
  EXPECT_NEAR(spread(make("wrn_16_2", kCifar), "block3.layer.1.conv1.weight"),
              std::sqrt(2.0 / 1152), 3e-4);
  EXPECT_NEAR(spread(make("vgg8", kCifar), "classifier.weight"), 0.01, 3e-4);
  EXPECT_EQ(make("vgg8", kCifar)->site("block2.0.bias").abs().max().item<float>(), 0);
  EXPECT_NEAR(spread(make("mobilenetv2_half", kCifar), "classifier.0.weight"), 0.01, 3e-4);
  const auto deit = make("timm_deit", kCifar);
  EXPECT_NEAR(spread(deit, "blocks.3.attn.qkv.weight"), 0.02, 3e-4);
  EXPECT_EQ(deit->site("blocks.3.attn.qkv.bias").abs().max().item<float>(), 0);
  const auto mixer = make("timm_mixer", kCifar);
  EXPECT_NEAR(spread(mixer, "stem.proj.weight"), std::sqrt(1.0 / 48), 5e-3);
  EXPECT_EQ(mixer->site("head.weight").abs().max().item<float>(), 0);
  const auto convnext = make("torchvision_convnext", kCifar, kSmallConvNeXt);
  EXPECT_NEAR(spread(convnext, "features.5.0.block.3.weight"), 0.02, 1e-3);
  EXPECT_FLOAT_EQ(convnext->site("features.5.0.layer_scale").max().item<float>(), 1e-6f);
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
  EXPECT_THAT(error_of("wrn", kCifar, {{"depth", 18L}}), HasSubstr("not 6 n + 4"));
  EXPECT_THAT(error_of("vgg", kCifar, {{"depth", 10L}}), HasSubstr("known: 8, 11, 13, 16, 19"));
  EXPECT_THAT(error_of("torchvision_resnet", kCifar, {{"depth", 20L}}), HasSubstr("known: 18"));
  EXPECT_THAT(error_of("shufflenetv2", kCifar, {{"width", 1.2}}), HasSubstr("known: 0.5, 1, 1.5"));
  EXPECT_THAT(error_of("timm_deit", kFashion), HasSubstr("28 x 28"));
  EXPECT_THAT(error_of("timm_mixer", kFashion, {{"patch_size", 5L}}), HasSubstr("28 x 28"));
  EXPECT_THAT(error_of("torchvision_convnext", kFashion), HasSubstr("fewer `depths`"));
  EXPECT_THAT(error_of("torchvision_convnext", kCifar, {{"depths", Shape{1, 1}}}),
              HasSubstr("2 and 4 entries"));
}

}  // namespace
}  // namespace ktb::run
