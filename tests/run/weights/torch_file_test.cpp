// The files beside it are torch.save's: files/make.py.
#include "run/weights/torch_file.hpp"

#include <ATen/ops/allclose.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <gmock/gmock.h>
#include <torch/types.h>

#include <filesystem>
#include <fstream>

#include "ktb/error.hpp"
#include "ktb/files.hpp"
#include "run/kit/world.hpp"
#include "run/plugins/loader.hpp"
#include "run/weights/fit.hpp"
#include "run/weights/safetensors.hpp"
#include "temporary_folder.hpp"

namespace ktb::run {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

std::string stored(const std::string& name) {
  return KTB_SOURCE_DIR "/tests/run/weights/files/" + name;
}

std::vector<std::string> names_of(const WeightsFile& file) {
  std::vector<std::string> names;
  for (const auto& entry : file.tensors) names.push_back(entry.name);
  return names;
}

Tensor find(const WeightsFile& file, const std::string& name) {
  for (const auto& entry : file.tensors)
    if (entry.name == name) return entry.read();
  throw Error("no tensor " + name);
}

/// Every parameter of the stored network counts up in eighths.
void expect_counting(const Tensor& weight) {
  const auto wanted = at::arange(weight.numel()).to(at::kFloat).view(weight.sizes()) / 8 - 1;
  EXPECT_TRUE(at::equal(weight.to(at::kFloat), wanted)) << weight;
}

const std::vector<std::string> kNames = {
    "conv.weight",     "bn.weight",      "bn.bias",
    "bn.running_mean", "bn.running_var", "bn.num_batches_tracked",
    "layers.0.weight", "layers.0.bias",  "layers.1.weight",
    "layers.1.bias",   "fc.weight",      "fc.bias"};

std::vector<std::string> behind(const std::string& prefix) {
  std::vector<std::string> names;
  for (const auto& name : kNames) names.push_back(prefix + name);
  return names;
}

TEST(TorchFile, ReadsWhatIsSavedInEveryForm) {
  for (const auto& [name, prefix] :
       std::vector<std::pair<std::string, std::string>>{{"zip.pth", ""},
                                                        {"legacy.pth", ""},
                                                        {"bf16.pth", ""},
                                                        {"f16_legacy.pth", ""},
                                                        {"views.pth", ""},
                                                        {"whole.pth", ""},
                                                        {"data_parallel.pth", "module."},
                                                        {"tuple.pth", "0."},
                                                        {"checkpoint.pth", "state_dict."},
                                                        {"checkpoint_legacy.pth", "state_dict."}}) {
    SCOPED_TRACE(name);
    const auto file = open_torch_file(stored(name));
    for (const auto& wanted : behind(prefix))
      EXPECT_THAT(names_of(file), testing::Contains(wanted));
    EXPECT_TRUE(at::equal(find(file, prefix + "bn.running_mean").to(at::kFloat),
                          at::tensor({0.5, 1., 1.5, 2.}).to(at::kFloat)));
    for (const char* weight : {"conv.weight", "layers.0.weight", "layers.1.bias", "fc.weight"})
      expect_counting(find(file, prefix + weight));
  }
}

TEST(TorchFile, SaysTypesAndShapesWithoutReading) {
  const auto file = open_torch_file(stored("bf16.pth"));
  EXPECT_EQ(names_of(file), kNames);
  EXPECT_EQ(file.tensors[0].type, at::kBFloat16);
  EXPECT_THAT(file.tensors[0].shape, ElementsAre(4, 3, 3, 3));
  EXPECT_EQ(file.tensors[5].type, at::kLong);
  EXPECT_TRUE(file.tensors[5].shape.empty());
  EXPECT_EQ(open_torch_file(stored("float8.pth")).tensors[0].type, at::kFloat8_e4m3fn);
  EXPECT_EQ(open_torch_file(stored("quantised.pth")).tensors[0].type, at::kQInt8);
}

TEST(TorchFile, RunsNothing) {
  for (const char* name : {"evil.pth", "evil_legacy.pth"}) {
    const auto file = open_torch_file(stored(name));
    expect_counting(find(file, "state_dict.fc.weight"));
  }
  EXPECT_FALSE(fs::exists("pickle_was_run"));
}

TEST(TorchFile, SaysWhatIsNone) {
  const auto refused = [](const std::string& path, const std::string& why) {
    EXPECT_THAT([&] { open_torch_file(path); },
                ThrowsMessage<Error>(AllOf(HasSubstr(path), HasSubstr(why))));
  };
  refused(stored("scripted.pt"), "torch.jit.save");
  refused(stored("no_tensors.pth"), "holds no tensors by name");
  const TemporaryFolder own;
  const auto path = (own.path() / "plain.pth").string();
  std::ofstream(path, std::ios::binary) << "\x80\x02K\x01.";
  refused(path, "a Python pickle that torch.save did not write");
}

TEST(TorchFile, RefusesWhatIsCutOff) {
  const TemporaryFolder own;
  const auto path = (own.path() / "cut.pth").string();
  for (const char* name : {"zip.pth", "legacy.pth"}) {
    const auto bytes = read_file(stored(name));
    for (std::size_t size = 4; size < bytes.size(); size += 61) {
      std::ofstream(path, std::ios::binary | std::ios::trunc)
          .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(size));
      EXPECT_THROW(open_torch_file(path), Error) << name << " " << size;
    }
  }
}

TEST(TorchFile, ResNet18GivesTheLogitsThatPyTorchGives) {
  const TemporaryFolder own;
  const auto path = (own.path() / "resnet18.pth").string();
  const auto bytes = read_file(stored("resnet18.pth.gz"));
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()), std::ssize(bytes));
  Registry registry({KTB_PLUGIN_DIR});
  Options options({{"depth", std::int64_t{18}}});
  auto task = kit_task();
  task.inputs = {{"image", {3, 64, 64}, "rgb", {}, {}}};
  task.outputs = 10;
  const auto model = registry.model("torchvision_resnet", task, options);
  EXPECT_THAT(load_weights(*model, open_torch_file(path)), testing::IsEmpty());
  const auto wanted = read_safetensors(stored("resnet18_outputs.safetensors"));
  Batch batch;
  batch.x["image"] = wanted.find("x");
  model->eval();
  const torch::NoGradGuard no_grad;
  EXPECT_TRUE(at::allclose((*model)(batch).pred, wanted.find("logits"), 1e-4, 1e-5));
}

}  // namespace
}  // namespace ktb::run
