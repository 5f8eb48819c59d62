#include "core/page/settings.hpp"

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/output/escape.hpp"
#include "core/suite/control.hpp"

namespace ktb::core {
namespace {

/// A line that grows by what is set.
class Words {
 public:
  explicit Words(std::string text) : text_(std::move(text)) {}

  void add(const std::string& name, const Json& value) {
    const bool off = value.is_null() || value == false || (value.is_number() && value == 0) ||
                     ((value.is_string() || value.is_structured()) && value.empty()) || value == "";
    if (off) return;
    const std::string shown = value.is_string() ? value.get<std::string>() : json_text(value);
    text_ += fmt::format("{}{} {}", text_.empty() ? "" : ", ", name, shown);
  }
  void add_all(const Json& options) {
    for (const auto& [name, value] : options.items()) add(name, value);
  }
  const std::string& str() const { return text_; }

 private:
  std::string text_;
};

std::string plugin_of(const std::string& name, const std::string& plugin) {
  return name == plugin || name.empty() ? plugin : fmt::format("{} ({})", name, plugin);
}

std::string task_words(const TaskRef& task) {
  Words words(plugin_of(task.dataset, task.plugin));
  words.add("task", task.task);
  words.add("train", task.train);
  words.add("test", task.test);
  if (task.labels != 1) words.add("labels", task.labels);
  if (task.shuffled) words.add("labels", "shuffled");
  for (const Augmentation augmentation : task.augment) words.add("augment", word(augmentation));
  const std::vector<UnionPart> parts = union_parts(task);
  if (parts.empty()) words.add_all(task.options);
  for (const UnionPart& part : parts) words.add("of", plugin_of(part.name, part.plugin));
  return words.str();
}

std::string model_words(const ModelRef& model) {
  Words words(plugin_of(model.name, model.plugin));
  words.add_all(model.options);
  words.add("weights", model.weights);
  words.add("from", Json(model.from));
  words.add("into", Json(model.into));
  return words.str();
}

std::string method_words(const MethodRef& method) {
  Words words(plugin_of(method.name, method.plugin));
  words.add_all(method.options);
  return words.str();
}

/// What a source's being none of use means for the numbers.
std::string control_words(Control control) {
  return control == Control::kShuffled
             ? "its source learned shuffled labels, so it knows the inputs and nothing of the task"
             : "its source was never trained, so it knows nothing";
}

std::string recipe_words(const Recipe& recipe) {
  Words words("");
  words.add("epochs", recipe.epochs);
  words.add("steps", recipe.steps);
  words.add("batch", recipe.batch);
  words.add("optimizer", recipe.optimizer.name);
  words.add("lr", recipe.optimizer.lr);
  words.add("momentum", recipe.optimizer.momentum);
  words.add("weight decay", recipe.optimizer.weight_decay);
  words.add("nesterov", recipe.optimizer.nesterov);
  const Json schedule = write_json(recipe.schedule);
  for (const char* name : {"name", "at", "every", "warmup"})
    if (schedule.contains(name))
      words.add(std::string(name) == "name" ? "schedule" : name, schedule[name]);
  words.add("clip", recipe.clip);
  words.add("precision", word(recipe.precision));
  if (recipe.frozen != Frozen::kPlain) words.add("frozen sources", word(recipe.frozen));
  words.add("validation", recipe.validation);
  words.add("select", word(recipe.select));
  return words.str();
}

}  // namespace

std::vector<UnionPart> union_parts(const TaskRef& task) {
  if (task.plugin != kUnion) return {};
  try {
    return union_of(task.options).parts;
  } catch (const Error&) {
    return {};
  }
}

std::vector<SettingLine> settings_of(const TrialSpec& trial) {
  std::vector<SettingLine> settings{{"method", method_words(trial.method)}};
  const auto axis = trial.axes.find("method");
  const Control control =
      axis == trial.axes.end() ? Control::kNone : method_name(axis->second).control;
  if (control != Control::kNone) settings.push_back({"control", control_words(control)});
  for (const PlusRef& plus : trial.plus)
    settings.push_back({"plus", fmt::format("{:g} × {}", plus.weight, method_words(plus))});
  settings.push_back({"task", task_words(trial.task)});
  if (trial.target) settings.push_back({"target", model_words(*trial.target)});
  for (const SourceRef& source : trial.sources)
    settings.push_back({"source", fmt::format("{}; {}, on {}", model_words(source),
                                              word(source.mode), task_words(source.task))});
  settings.push_back({"recipe", recipe_words(trial.recipe)});
  return settings;
}

}  // namespace ktb::core
