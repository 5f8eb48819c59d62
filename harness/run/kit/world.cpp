#include "run/kit/world.hpp"

#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/dropout.h>
#include <torch/nn/modules/linear.h>
#include <torch/types.h>

#include <cstring>

#include "ktb/dataset.hpp"
#include "ktb/nn/blocks.hpp"
#include "run/data/random.hpp"
#include "run/kit/conformance.hpp"
#include "run/train/session_builder.hpp"

namespace ktb::run {
namespace {

constexpr std::int64_t kSide = 16, kClasses = 5, kTrain = 40, kTest = 10;

class KitDataset final : public Dataset {
 public:
  TaskSpec task(const DataFolder&) const override { return kit_task(); }
  std::vector<DataFile> files(const DataFolder&) const override { return {}; }
  std::string get() const override { return {}; }
  Split load(const DataFolder&, const std::string& split) const override {
    const auto n = split == "train" ? kTrain : kTest;
    const auto labels = torch::arange(n).remainder(kClasses);
    const auto noise = torch::arange(n * 3 * kSide * kSide).mul(2654435761).remainder(101);
    const auto x = noise.view({n, 3, kSide, kSide}) + 30 * labels.view({n, 1, 1, 1});
    return {{{"image", x.to(at::kByte)}}, {{"label", labels}}};
  }
};

class KitModel final : public Model {
 public:
  KitModel(const TaskSpec& task, std::int64_t width) : Model(task) {
    for (int i = 0; i < kStages; ++i) {
      const auto in = i == 0 ? 3 : width << (i - 1);
      const auto stride = i == 0 ? 1 : 2;
      convs_[i] = register_module(
          "conv" + std::to_string(i),
          Convolution(
              torch::nn::Conv2dOptions(in, width << i, 3).stride(stride).padding(1).bias(false)));
      norms_[i] = register_module("bn" + std::to_string(i), torch::nn::BatchNorm2d(width << i));
    }
    dropout_ = register_module("dropout", torch::nn::Dropout(0.2));
    fc_ = register_module("fc", torch::nn::Linear(width << (kStages - 1), task.outputs));
  }
  std::string head_name() const override { return "fc"; }
  std::string takes() const override { return "conv3.weight"; }
  bool normalised_after(const std::string& parameter) const override {
    return parameter.starts_with("conv");
  }
  std::vector<std::string> preact_norms() const override { return {"bn0", "bn1", "bn2", "bn3"}; }

 protected:
  Output forward_trunk(const Batch& batch) override {
    Output out;
    Tensor x = batch.x.at("image");
    for (int i = 0; i < kStages; ++i) {
      out.preacts.push_back(norms_[i](convs_[i](x)));
      x = out.preacts.back().relu();
      out.features.push_back(x);
    }
    out.pooled = dropout_(x.mean({2, 3}));
    return out;
  }
  Tensor forward_head(const Output& output) override { return fc_(output.pooled); }

 private:
  static constexpr int kStages = 4;
  Convolution convs_[kStages] = {nullptr, nullptr, nullptr, nullptr};
  torch::nn::BatchNorm2d norms_[kStages] = {nullptr, nullptr, nullptr, nullptr};
  torch::nn::Dropout dropout_{nullptr};
  torch::nn::Linear fc_{nullptr};
};

/// Bit by bit: NaN equals itself.
bool same_bytes(const Tensor& a, const Tensor& b) {
  if (a.sizes() != b.sizes() || a.scalar_type() != b.scalar_type()) return false;
  const Tensor x = a.detach().cpu().contiguous(), y = b.detach().cpu().contiguous();
  return std::memcmp(x.const_data_ptr(), y.const_data_ptr(), x.nbytes()) == 0;
}

}  // namespace

TaskSpec kit_task(std::int64_t outputs) {
  TaskSpec task;
  task.name = task.labels = outputs == kClasses ? "kit" : "kit" + std::to_string(outputs);
  task.kind = "classification";
  task.inputs = {{"image", {3, kSide, kSide}, "rgb", {0.5, 0.5, 0.5}, {0.25, 0.25, 0.25}}};
  task.outputs = outputs;
  task.categorical = true;
  task.train_size = kTrain;
  task.test_size = kTest;
  return task;
}

std::shared_ptr<ExampleFeed> kit_data(std::int64_t batch, at::Device device) {
  DataRequest request;
  request.name = request.axis = "kit";
  request.batch = batch;
  request.channels_last = false;
  return std::make_shared<ExampleFeed>(KitDataset(), DataFolder({}), request, device);
}

std::shared_ptr<Model> kit_model(std::int64_t width, std::uint64_t seed, std::int64_t outputs) {
  const RandomScope random(at::kCPU, seed);
  return std::make_shared<KitModel>(kit_task(outputs), width);
}

std::unique_ptr<Session> kit_session(Registry& registry, const std::string& method,
                                     const KitPairing& pairing) try {
  Options options(pairing.options);
  SessionBuilder parts{.axis = "kit/0",
                       .device = pairing.device,
                       .method = registry.method(method, options),
                       .task = kit_task(),
                       .data = kit_data(pairing.batch, pairing.device),
                       .batch = pairing.batch};
  if (parts.method->needs().target)
    parts.target = measured(kit_model(pairing.target_width, 1), "target", "kit", Mode::kNone);
  for (std::size_t i = 0; i < pairing.sources; ++i)
    parts.sources.push_back(measured(kit_model(pairing.source_width, 2 + i, pairing.source_outputs),
                                     "source", "kit", pairing.mode));
  parts.recipe.lr = 0.05;
  return parts.build();
} catch (const Unsuited& no) {
  throw Skipped(no.why);
}

std::string first_difference(const State& a, const std::vector<Tensor>& b) {
  if (a.size() != b.size()) return "the number of tensors";
  for (std::size_t i = 0; i < a.size(); ++i)
    if (!same_bytes(a[i].second, b[i])) return a[i].first;
  return {};
}

std::string first_difference(const State& a, const State& b) {
  std::vector<Tensor> others;
  for (const auto& [name, tensor] : b) others.push_back(tensor);
  return first_difference(a, others);
}

}  // namespace ktb::run
