#include "run/plugins/sample_tasks.hpp"

#include <torch/types.h>

#include <algorithm>
#include <optional>

#include "run/data/random.hpp"
#include "tasks/task_kind.hpp"

namespace ktb::run {
namespace {

constexpr std::int64_t kLength = 12, kVocabulary = 50;

InputSpec picture(const std::vector<std::int64_t>& shape) {
  const auto channels = static_cast<std::size_t>(shape[0]);
  return {"image", shape, channels == 1 ? "grey" : "rgb", std::vector<double>(channels, 0.5),
          std::vector<double>(channels, 0.25)};
}

InputSpec ids(const std::string& name, std::int64_t vocabulary) {
  InputSpec input{name, {kLength}, "words:kit", {}, {}};
  input.vocabulary = vocabulary;
  return input;
}

TaskSpec task(const std::string& kind, std::vector<InputSpec> inputs, std::int64_t outputs) {
  TaskSpec made;
  made.name = made.labels = "kit";
  made.kind = kind;
  made.inputs = std::move(inputs);
  made.outputs = outputs;
  made.categorical = kind == "classification";
  return made;
}

std::vector<TaskSpec> kit_tasks() {
  const auto words = ids("tokens", kVocabulary), segments = ids("segments", 2);
  const auto small = picture({3, 32, 32});
  const InputSpec sound{"audio", {1, 40, 50}, "logmel:40:8000", {}, {}};
  return {task("classification", {small}, 10),
          task("classification", {picture({1, 28, 28})}, 10),
          task("classification", {picture({3, 64, 64})}, 10),
          task("classification", {words}, 10),
          task("classification", {sound}, 10),
          task("span", {words, segments}, 2),
          task("vqa", {small, words}, 10),
          task("retrieval", {small, words}, 16),
          task("control", {{"state", {4}, "kit", {}, {}}}, 3),
          task("control", {{"state", {10, 10, 10}, "kit", {}, {}}}, 6)};
}

bool reads_all(const Model& model) {
  const auto inputs = model.reads();
  return std::all_of(model.task().inputs.begin(), model.task().inputs.end(), [&](const auto& one) {
    return std::any_of(inputs.begin(), inputs.end(),
                       [&](const auto& input) { return input.accepts(one); });
  });
}

/// [size, length]: the first text is full, the others end earlier and earlier.
Tensor places_of_text(std::int64_t size, std::int64_t length) {
  const auto lengths = length - torch::arange(size).remainder(length - 1);
  return torch::arange(length).unsqueeze(0).lt(lengths.unsqueeze(1));
}

}  // namespace

std::vector<TaskSpec> fitting_tasks(Registry& registry, const std::string& model) {
  std::vector<TaskSpec> fitting;
  std::string why, asks;  // of a kind of task that it is not for, and for an option
  for (const auto& one : kit_tasks()) {
    const bool known = std::any_of(fitting.begin(), fitting.end(),
                                   [&](const TaskSpec& other) { return other.kind == one.kind; });
    if (known) continue;
    try {
      Options options;
      if (reads_all(*registry.model(model, one, options))) fitting.push_back(one);
    } catch (const OptionError& error) {
      if (asks.empty()) asks = error.what();
    } catch (const Error& error) {
      why = error.what();
    }
  }
  if (fitting.empty() && !asks.empty())
    throw Error(asks + " (`--option NAME=VALUE` sets an option)");
  if (fitting.empty())
    throw Error(
        "it fits none of the kit's tasks (pictures 3x32x32, 1x28x28, 3x64x64; texts; sounds; "
        "pictures with texts; states of 4 and of 10x10x10): " +
        why);
  return fitting;
}

Options declared_by(Registry& registry, const std::string& model) {
  std::optional<Options> asking;
  for (const auto& one : kit_tasks()) {
    Options options;
    try {
      if (reads_all(*registry.model(model, one, options))) return options;
    } catch (const OptionError&) {
      if (!asking && !options.declared().empty()) asking = options;
    } catch (const Error&) {
      continue;  // it is for another kind of task
    }
  }
  if (!asking) fitting_tasks(registry, model);  // which says why there is none
  return asking.value();
}

Batch kit_batch(const TaskSpec& task, std::int64_t size, std::uint64_t seed) {
  const RandomScope random(at::kCPU, seed);
  Batch made;
  for (const auto& input : task.inputs) {
    auto shape = input.shape;
    shape.insert(shape.begin(), size);
    made.x[input.name] =
        input.name == "segments" ? torch::arange(shape[1]).ge(4).expand(shape).to(at::kLong)
        : input.vocabulary > 0
            ? torch::randint(1, input.vocabulary, shape, at::kLong) * places_of_text(size, shape[1])
            : torch::rand(shape);
  }
  return made;
}

std::vector<std::int64_t> prediction_shape(const TaskSpec& task, const Batch& batch) {
  return tasks::make_task_kind(task)->prediction_shape(batch);
}

}  // namespace ktb::run
