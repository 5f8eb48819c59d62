#include "core/deploy/model_card.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>

#include "core/base/output/escape.hpp"
#include "core/deploy/licences.hpp"
#include "core/page/settings.hpp"
#include "core/score/metrics.hpp"
#include "core/score/stats.hpp"

namespace ktb::core {
namespace {

std::string text_in(const Json& object, const char* member) {
  const auto found = object.find(member);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "unknown";
}

/// A metric of this seed, and of all seeds.
std::string metric_row(const CardInput& input, const std::string& name, double own) {
  const MetricInfo info = metric_info(name);
  std::vector<double> all;
  for (const Record* record : input.seeds)
    if (const auto found = record->metrics.find(name); found != record->metrics.end())
      all.push_back(found->second * info.scale);
  const std::string spread =
      all.size() > 1 ? fmt::format("{:.4g} ± {:.2g}", mean(all), sample_sd(all)) : "one seed only";
  return fmt::format("| {} | {:.4g} | {} | {} |\n", markdown_text(info.label()), own * info.scale,
                     spread, all.size());
}

std::string result_of(const CardInput& input) {
  std::string text = fmt::format(
      "## Result\n\nOn {} examples of the test split, which was looked at once, after training.\n\n"
      "| metric | this network, seed {} | mean ± standard deviation | seeds |\n|---|---|---|---|\n",
      input.record.examples.contains("test") ? input.record.examples.at("test") : 0,
      input.record.seed);
  for (const auto& [name, value] : input.record.metrics)
    if (is_known_metric(name)) text += metric_row(input, name, value);
  const MetricInfo main = metric_info(main_metric(input.record));
  std::vector<std::string> floors;
  for (const auto& [name, value] : input.record.floor)
    floors.push_back(fmt::format("{} {:.4g}", markdown_text(name), value * main.scale));
  if (floors.empty()) return text;
  return text + fmt::format("\nWithout learning, {}: {}.\n", markdown_text(main.label()),
                            fmt::join(floors, ", "));
}

/// Without the folders of whoever trained it.
TrialSpec without_folders(TrialSpec spec) {
  const auto shorten = [](const std::string& path) {
    return std::filesystem::path(path).filename().string();
  };
  const auto bare = [&](auto& ref) {
    for (const auto& [option, digest] : ref.digests)
      ref.options[option] = shorten(ref.options.at(option).template get<std::string>());
  };
  bare(spec.task);
  bare(spec.method);
  if (spec.target) bare(*spec.target), spec.target->weights = shorten(spec.target->weights);
  for (auto& source : spec.sources)
    bare(source), bare(source.task), source.weights = shorten(source.weights);
  return spec;
}

std::string training_of(const CardInput& input) {
  std::string text = fmt::format(
      "## Training\n\nCell `{}` of the suite `{}` (profile `{}`), trained by ktbench {}. Trial "
      "`{}`.\n\n| | |\n|---|---|\n",
      input.title, input.plan.suite, input.plan.profile,
      text_in(input.record.provenance, "version"), input.record.id);
  for (const SettingLine& setting : settings_of(without_folders(input.spec)))
    text += fmt::format("| {} | {} |\n", markdown_text(setting.name), markdown_text(setting.value));
  const Json& from = input.record.provenance;
  for (const char* name : {"revision", "build", "torch", "device", "cpu", "data", "finished"})
    text += fmt::format("| {} | {} |\n", name, markdown_text(text_in(from, name)));
  return text;
}

/// What must be done to a picture before the network sees it.
std::string inputs_of(const CardInput& input) {
  if (!input.task)
    return "The statistics by which inputs are normalised are those of the data set: `ktbench data "
           "NAME` says how to get it.\n";
  std::string text;
  for (const auto& one : input.task->inputs) {
    text += fmt::format("Input `{}` [{}], {}", one.name, fmt::join(one.shape, ", "), one.space);
    if (!one.mean.empty())
      text += fmt::format(
          ": values in [0, 1], less [{}] and divided by [{}], channel by channel. The weights do "
          "not "
          "hold these",
          fmt::join(one.mean, ", "), fmt::join(one.deviation, ", "));
    text += ".\n";
  }
  return text;
}

std::string loading_of(const CardInput& input) {
  std::string text = fmt::format("## Use\n\n`{}`, SHA-256 `{}`.\n\n", input.file, input.digest);
  const Ecosystem& there = input.ecosystem;
  if (there.library.empty())
    text += fmt::format(
        "The names are ktbench's own: neither torchvision nor timm nor transformers has this "
        "network "
        "with this head. `weights = \"{}\"` of `plugin = \"{}\"` loads it in a suite.\n\n",
        input.file, input.spec.target->plugin);
  else
    text += fmt::format(
        "The names are those of {}:\n\n```python\n{}\nfrom safetensors.torch import load_file\n\n"
        "net.load_state_dict(load_file(\"{}\"), strict=True)\nnet.eval()\n```\n\n",
        there.library, there.code, input.file);
  text += inputs_of(input);
  if (!input.confusion || input.confusion->classes.empty()) return text;
  std::vector<std::string> names;
  for (const auto& name : input.confusion->classes) names.push_back(markdown_text(name));
  return text + fmt::format("\nOutputs, in order: {}.\n", fmt::join(names, ", "));
}

std::string licence_of(const CardInput& input) {
  std::string text = "## Data and their licence\n\n";
  const auto add = [&](const std::string& name, const std::string& plugin) {
    text += fmt::format("- {} (`{}`): {}.\n", markdown_text(name), plugin, licence_of_data(plugin));
  };
  const auto add_task = [&](const TaskRef& task) {
    const auto parts = union_parts(task);
    for (const auto& part : parts) add(part.name, part.plugin);
    if (parts.empty()) add(task.dataset, task.plugin);
  };
  add_task(input.spec.task);
  for (const auto& source : input.spec.sources)
    if (!(source.task == input.spec.task)) add_task(source.task);
  for (const auto& source : input.spec.sources)
    if (!source.weights.empty())
      text += fmt::format(
          "- weights of the source {} came from a file, whose licence ktbench does not "
          "know; state it here.\n",
          markdown_text(source.name));
  return text + "\nThe licence of the weights is yours to state.\n";
}

}  // namespace

std::string model_card(const CardInput& input) {
  std::string text = fmt::format("# {}\n\n", markdown_text(input.title));
  if (!input.plan.title.empty()) text += markdown_text(input.plan.title) + "\n\n";
  const auto parameters = input.record.parameters.find("target");
  text += fmt::format("`{}`{}, trained by the method `{}`.\n\n", input.spec.target->plugin,
                      parameters == input.record.parameters.end()
                          ? ""
                          : fmt::format(" with {} parameters", parameters->second),
                      input.spec.method.name);
  return text + result_of(input) + "\n" + loading_of(input) + "\n" + training_of(input) + "\n" +
         licence_of(input);
}

}  // namespace ktb::core
