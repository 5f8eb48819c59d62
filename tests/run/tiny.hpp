#pragma once
#include <torch/nn/modules/linear.h>
#include <torch/types.h>

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "ktb/dataset.hpp"
#include "run/data/random.hpp"
#include "run/rig.hpp"

namespace ktb::run {

inline constexpr std::int64_t kInputs = 6, kMaps = 3;

inline TaskSpec tiny_task(std::int64_t outputs = 5) {
  TaskSpec task;
  task.name = "tiny", task.kind = "classification", task.outputs = outputs, task.labels = "tiny";
  task.inputs = {{"image", {kInputs}, "tiny", {}, {}}};
  task.categorical = true;
  return task;
}

/// One hidden layer, whose outputs also serve as 2x2 feature maps: small enough to reason about.
class Tiny final : public Model {
 public:
  Tiny(const TaskSpec& task, std::int64_t width) : Model(task), width_(width) {
    hidden = register_module("hidden", torch::nn::Linear(kInputs, width));
    fc = register_module("fc", torch::nn::Linear(width, task.outputs));
  }
  std::string head_name() const override { return "fc"; }
  std::string takes() const override { return "hidden.weight"; }

  torch::nn::Linear hidden{nullptr}, fc{nullptr};

 protected:
  Output forward_trunk(const Batch& batch) override {
    Output out;
    out.pooled = hidden(batch.x.at("image")).relu();
    out.features.assign(kMaps, out.pooled.view({-1, width_ / 4, 2, 2}));
    return out;
  }
  Tensor forward_head(const Output& output) override { return fc(output.pooled); }

 private:
  std::int64_t width_;
};

inline std::shared_ptr<Tiny> tiny_model(std::int64_t width, std::uint64_t seed) {
  const RandomScope random(at::kCPU, seed);
  return std::make_shared<Tiny>(tiny_task(), width);
}

/// So many examples, which are one batch.
class TinyDataset final : public Dataset {
 public:
  explicit TinyDataset(std::int64_t size) : size_(size) {}
  TaskSpec task(const DataFolder&) const override { return tiny_task(); }
  std::vector<DataFile> files(const DataFolder&) const override { return {}; }
  std::string get() const override { return {}; }
  Split load(const DataFolder&, const std::string&) const override {
    const RandomScope random(at::kCPU, 3);
    return {{{"image", torch::randn({size_, kInputs})}},
            {{"label", torch::arange(size_).remainder(5)}}};
  }

 private:
  std::int64_t size_;
};

inline std::shared_ptr<Feed> tiny_data(std::int64_t batch) {
  DataRequest request;
  request.name = request.axis = "tiny";
  request.batch = batch;
  return std::make_shared<ExampleFeed>(TinyDataset(batch), DataFolder({}), request);
}

/// A transfer between two tiny networks by plain SGD, in the mode that the method prefers.
inline Setting tiny(const std::string& method, std::map<std::string, Value> options = {},
                    double lr = 0.1, std::int64_t source_width = 12, std::int64_t batch = 4) {
  const auto mode = method_of(method, options)->needs().modes.front();
  return {.method = method,
          .options = std::move(options),
          .mode = mode,
          .target = tiny_model(8, 1),
          .source = tiny_model(source_width, 2),
          .data = tiny_data(batch),
          .batch = batch,
          .recipe = plain_sgd(lr, 0)};
}

}  // namespace ktb::run
