#include "run/plugins/plain.hpp"

#include <ATen/ops/zeros.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <utility>

namespace ktb::run {
namespace {

constexpr std::array<std::pair<Mode, core::SourceMode>, 4> kModes{
    {{Mode::kNone, core::SourceMode::kNone},
     {Mode::kTrained, core::SourceMode::kTrained},
     {Mode::kTrainedJoint, core::SourceMode::kTrainedJoint},
     {Mode::kFreshJoint, core::SourceMode::kFreshJoint}}};

/// Stands for an extent that the task leaves open: the length of a text, say.
constexpr std::int64_t kFreeExtent = 16;

Batch zeros_for(const TaskSpec& task) {
  Batch batch;
  for (const auto& input : task.inputs) {
    std::vector<std::int64_t> shape{2};
    for (const auto extent : input.shape) shape.push_back(extent < 0 ? kFreeExtent : extent);
    batch.x[input.name] = at::zeros(shape, input.vocabulary > 0 ? at::kLong : at::kFloat);
  }
  return batch;
}

}  // namespace

Mode mode_of(core::SourceMode mode) {
  return std::ranges::find(kModes, mode, [](const auto& pair) { return pair.second; })->first;
}

core::SourceMode source_mode(Mode mode) {
  return std::ranges::find(kModes, mode, [](const auto& pair) { return pair.first; })->second;
}

std::string to_string(Mode mode) { return core::word(source_mode(mode)); }

std::vector<std::string> data_places(const std::vector<std::string>& dirs) {
  auto places = dirs;
  if (const char* more = std::getenv("KTBENCH_DATA")) {
    std::istringstream parts(more);
    for (std::string part; std::getline(parts, part, ':');)
      if (!part.empty()) places.push_back(part);
  }
  std::error_code gone;
  const auto home =
      std::filesystem::read_symlink("/proc/self/exe", gone).parent_path().parent_path();
  places.push_back((home.parent_path() / ".deps" / "data").string());
  return places;
}

DataFolder data_folder(const Dataset& dataset, const std::vector<std::string>& dirs) {
  auto places = data_places(dirs);
  for (const auto& usual : dataset.usual_places()) places.push_back(usual);
  return DataFolder(places);
}

ModelCard measure(Model& model, const std::string& name, const std::string& plugin) {
  const torch::NoGradGuard no_grad;
  const bool training = model.is_training();
  model.eval();
  const auto output = model(zeros_for(model.task()));
  model.train(training);
  ModelCard card;
  card.name = name;
  card.plugin = plugin;
  card.reads = model.reads();
  for (const auto& feature : output.features)
    card.features.push_back(feature.sizes().slice(1).vec());
  card.pooled = output.pooled.size(1);
  for (const auto& parameter : model.parameters()) card.parameters += parameter.numel();
  card.takes = model.takes();
  card.gives = model.gives();
  card.preact_norms = model.preact_norms();
  return card;
}

}  // namespace ktb::run
