// Trunks that PyTorch wrote: torchscript/make.py made the files, with torch 2.11.0.
#include <ATen/Context.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <gmock/gmock.h>
#include <torch/csrc/jit/serialization/import.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <filesystem>
#include <fstream>

#include "run/model_making.hpp"
#include "run/train/host.hpp"
#include "run/train/optimiser.hpp"
#include "run/weights/safetensors.hpp"
#include "temporary_folder.hpp"

namespace ktb::run {
namespace {

using testing::AllOf;
using testing::HasSubstr;
namespace fs = std::filesystem;

std::string stored(const std::string& name) {
  return KTB_SOURCE_DIR "/tests/plugins/models/torchscript/" + name;
}

TaskSpec small_pictures(std::int64_t channels = 1) {
  TaskSpec task;
  task.name = "pictures", task.kind = "classification", task.outputs = 3;
  task.inputs = {{"image", {channels, 8, 8}, channels == 1 ? "grey" : "rgb", {}, {}}};
  return task;
}

Given of(const std::string& file, const std::string& initial = "stored") {
  return {{"file", stored(file)}, {"initial", initial}};
}

/// What eager PyTorch computed, and whether on a machine whose kernels round alike.
struct Reference {
  TensorFile file = read_safetensors(stored("reference.safetensors"));
  core::Json here = host(at::kCPU);
  bool same_kernels = here.at("cpu") == file.metadata.at("cpu") &&
                      here.at("instructions") == file.metadata.at("instructions");

  Tensor at(const std::string& name) const {
    const auto tensor = file.find(name);
    if (!tensor.defined()) throw Error("the reference has no " + name);
    return tensor;
  }
  /// Bit for bit; on other kernels as far as rounding goes.
  void expect(const std::string& name, const Tensor& found) const {
    const auto wanted = at(name);
    if (same_kernels)
      EXPECT_TRUE(found.equal(wanted)) << name << " is not PyTorch's, bit for bit";
    else
      EXPECT_TRUE(torch::allclose(found, wanted, 1e-4, 1e-5)) << name;
  }
};

std::shared_ptr<Model> with_reference_head(const Reference& reference) {
  auto model = make("torchscript", small_pictures(), of("trunk.pt"));
  const torch::NoGradGuard no_grad;
  for (const auto* name : {"head.weight", "head.bias"}) model->site(name).copy_(reference.at(name));
  return model;
}

Batch batch_of(const Tensor& image) {
  Batch batch;
  batch.x["image"] = image;
  return batch;
}

/// One thread, as the reference: sums of several are added up in another order.
struct TorchScript : testing::Test {
  TorchScript() { at::set_num_threads(1); }
  ~TorchScript() override { at::set_num_threads(threads_); }
  int threads_ = at::get_num_threads();
};

TEST_F(TorchScript, GivesOutputsGradientsAndStepsOfSgdAsPyTorchDoes) {
  const Reference reference;
  const auto model = with_reference_head(reference);
  model->train();
  Group all;
  all.name = "all", all.parameters = model->parameters();
  Recipe recipe;
  recipe.lr = 0.1, recipe.momentum = 0.9, recipe.weight_decay = 5e-4;
  Optimiser optimiser(all, recipe);
  const auto batch = batch_of(reference.at("x"));
  std::vector<Tensor> losses;
  for (int step = 0; step < 3; ++step) {
    optimiser.zero();
    const auto out = (*model)(batch);
    const auto loss = at::cross_entropy_loss(out.pred, reference.at("y"));
    loss.backward();
    losses.push_back(loss.detach());
    if (step == 0) {
      reference.expect("out.features.0", out.features.at(0));
      reference.expect("out.features.1", out.features.at(1));
      reference.expect("out.pooled", out.pooled);
      reference.expect("out.pred", out.pred);
      for (const auto& item : model->named_parameters())
        reference.expect("gradient." + item.key(), item.value().grad());
    }
    optimiser.step();
  }
  reference.expect("losses", at::stack(losses));
  for (const auto& [name, tensor] : state_of(*model)) reference.expect("after." + name, tensor);
  reference.expect("evaluated", evaluate(*model, batch).pred);
}

/// The same without a stored number, so on any machine: LibTorch's own interpreter against ours.
TEST_F(TorchScript, ChangesNothingOfWhatTheScriptComputes) {
  const auto model = make("torchscript", small_pictures(), of("trunk.pt"));
  auto script = torch::jit::load(stored("trunk.pt"));
  const auto image = torch::randn({5, 1, 8, 8});
  model->train(), script.train();
  for (int step = 0; step < 4; ++step) {  // an executor that specialises would do so by now
    const auto ours = model->trunk(batch_of(image));
    const auto theirs = script.forward({image}).toGenericDict().at("pooled").toTensor();
    ASSERT_TRUE(ours.pooled.equal(theirs)) << step;
  }
  EXPECT_TRUE(model->named_buffers()["bn1.running_var"].equal(
      script.attr("bn1").toModule().attr("running_var").toTensor()));
}

TEST_F(TorchScript, HasTheArchivesNamesAndMovesAsOne) {
  const auto model = make("torchscript", small_pictures(), of("trunk.pt"));
  EXPECT_EQ(model->takes(), "conv2.weight");
  EXPECT_EQ(model->gives(), "head.weight");
  model->to(at::kDouble);
  const auto out = evaluate(*model, batch_of(torch::randn({2, 1, 8, 8}, at::kDouble)));
  EXPECT_EQ(out.pooled.scalar_type(), at::kDouble) << "the script kept tensors of its own";
}

TEST_F(TorchScript, BeginsAsItsFileSaysOrAsStored) {
  const auto start = [](const std::string& initial, std::uint64_t seed) {
    static Registry registry({KTB_PLUGIN_DIR});
    const RandomScope random(at::kCPU, seed);
    Options options(of("trunk.pt", initial));
    return registry.model("torchscript", small_pictures(), options)->site("conv1.weight").clone();
  };
  EXPECT_TRUE(start("fresh", 1).equal(start("fresh", 1)));
  EXPECT_FALSE(start("fresh", 1).equal(start("fresh", 2)));
  EXPECT_TRUE(start("stored", 1).equal(start("stored", 2)));
  EXPECT_FALSE(start("stored", 1).equal(start("fresh", 1)));
}

std::string refusal(const std::string& file, const std::string& initial = "stored",
                    std::int64_t channels = 1) {
  return error_of("torchscript", small_pictures(channels), of(file, initial));
}

TEST_F(TorchScript, SaysWhatIsWrongWithAnArchive) {
  EXPECT_THAT(error_of("torchscript", small_pictures()), HasSubstr("option `file` is missing"));
  EXPECT_THAT(refusal("nowhere.pt"), HasSubstr("nowhere.pt: there is no such file"));
  EXPECT_THAT(refusal("make.py"), HasSubstr("no archive of torch.jit.save, which is a zip file"));
  EXPECT_THAT(refusal("state_dict.pt"), HasSubstr("tensors without a network"));
  EXPECT_THAT(refusal("a_tensor.pt"), HasSubstr("forward() gives no dictionary"));
  EXPECT_THAT(refusal("no_pooled.pt"), HasSubstr("forward() gives no tensor `pooled`"));
  EXPECT_THAT(refusal("traced.pt"), AllOf(HasSubstr("is fixed to training or to evaluation"),
                                          HasSubstr("torch.jit.script")));
  EXPECT_THAT(refusal("frozen.pt"), HasSubstr("has no parameters"));
  EXPECT_THAT(refusal("stored_only.pt", "fresh"),
              AllOf(HasSubstr("no method `initialise`"), HasSubstr("initial = \"stored\"")));
  EXPECT_THAT(refusal("trunk.pt", "stored", 3),
              HasSubstr("trunk.pt: `forward` fails: Given groups=1, weight of size [4, 1, 3, 3]"));
  Given elsewhere = of("trunk.pt");
  elsewhere["takes"] = "conv9.weight";
  EXPECT_THAT(error_of("torchscript", small_pictures(), elsewhere), HasSubstr("`conv9.weight`"));
}

TEST_F(TorchScript, ReadsAnArchiveThatWasCutShortWithoutHarm) {
  std::ifstream file(stored("trunk.pt"), std::ios::binary);
  const std::string whole{std::istreambuf_iterator<char>(file), {}};
  const TemporaryFolder folder;
  for (const std::size_t size : {4ul, 100ul, whole.size() / 2, whole.size() - 1}) {
    const std::string path = folder.path() / "cut.pt";
    std::ofstream(path, std::ios::binary) << whole.substr(0, size);
    EXPECT_THAT(error_of("torchscript", small_pictures(), {{"file", path}}),
                HasSubstr("cut.pt: it is no archive of torch.jit.save"))
        << size;
  }
}

TEST_F(TorchScript, RunsNothingThatReachesForFiles) {
  const TemporaryFolder folder;
  const auto here = fs::current_path();
  fs::current_path(folder.path());
  EXPECT_THAT(refusal("writes.pt"), HasSubstr("it calls `aten::save`"));
  EXPECT_THAT(refusal("writes_when_read.pt"),
              HasSubstr("code that would run while the file is read"));
  fs::current_path(here);
  EXPECT_TRUE(fs::is_empty(folder.path())) << "an archive's code has run";
}

}  // namespace
}  // namespace ktb::run
