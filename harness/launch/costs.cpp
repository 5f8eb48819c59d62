#include "launch/costs.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <functional>
#include <tuple>
#include <utility>

#include "core/base/digest.hpp"
#include "core/base/error.hpp"
#include "core/base/json_file.hpp"
#include "core/base/output/print.hpp"

namespace ktb::launch {
namespace {

using core::Json;

Json plugin_of(const std::string& plugin, const Json& options, const std::string& mode = "") {
  return {plugin, options, mode};
}

/// Trials of one kind take the same time a step.
std::string kind_of(const core::TrialSpec& spec) {
  const auto& [task, recipe] = std::tie(spec.task, spec.recipe);
  Json target, sources = Json::array(), plus = Json::array(), augment = Json::array();
  if (spec.target) target = plugin_of(spec.target->plugin, spec.target->options);
  for (const auto& one : spec.sources)
    sources.push_back(plugin_of(one.plugin, one.options, core::word(one.mode)));
  for (const auto& one : spec.plus) plus.push_back(plugin_of(one.plugin, one.options));
  for (const auto one : task.augment) augment.push_back(core::word(one));
  const auto train = static_cast<double>(task.train), test = static_cast<double>(task.test);
  return core::sha256_text(
             Json::array({plugin_of(task.plugin, task.options), train, test, task.labels, augment,
                          target, sources, plugin_of(spec.method.plugin, spec.method.options), plus,
                          static_cast<double>(recipe.batch), core::word(recipe.precision),
                          spec.device})
                 .dump())
      .substr(0, 16);
}

double steps_of(const core::TrialSpec& spec, double examples) {
  const core::Recipe& recipe = spec.recipe;
  if (recipe.steps > 0) return static_cast<double>(recipe.steps);
  const auto batch = static_cast<double>(std::max<std::int64_t>(1, recipe.batch));
  return static_cast<double>(recipe.epochs) * std::ceil(examples / batch);
}

double member(const std::map<std::string, double>& values, const std::string& key) {
  const auto it = values.find(key);
  return it != values.end() && std::isfinite(it->second) ? it->second : 0;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  return values.size() % 2 != 0 ? values[half] : (values[half - 1] + values[half]) / 2;
}

}  // namespace

CostBook::CostBook(std::string path) : path_(std::move(path)) {
  std::ifstream file(path_);
  int number = 0;
  for (std::string text; std::getline(file, text);) {
    const auto place = path_ + ", line " + std::to_string(++number);
    try {
      const Json json = core::parse_json(text, place);
      const auto line = core::read_json<CostLine>({json, place});
      lines_[line.kind].push_back(line);
    } catch (const core::Error& error) {
      // The last line without an end was cut off by a crash.
      if (!file.eof()) core::print(stderr, "left out: {}\n", error.what());
    }
  }
}

std::optional<Estimate> CostBook::estimate(const core::TrialSpec& spec) const {
  if (lines_.empty()) return std::nullopt;
  const auto known = lines_.find(kind_of(spec));
  if (known == lines_.end()) return std::nullopt;
  const auto& lines = known->second;
  const bool only_smoke =
      std::all_of(lines.begin(), lines.end(), [](const CostLine& line) { return line.smoke; });
  std::vector<double> guesses;
  double mib = 0;  // as much after two steps as after many
  for (const auto& line : lines) {
    mib = std::max(mib, line.mib);
    if (line.smoke && !only_smoke) continue;
    guesses.push_back(line.rest + line.train / line.steps * steps_of(spec, line.examples));
  }
  return Estimate{median(guesses), only_smoke, mib};
}

void CostBook::add(const core::TrialSpec& spec, const core::Record& record) {
  const auto count = record.examples.find("train");
  const double examples = count != record.examples.end() ? static_cast<double>(count->second) : 0;
  const double steps = steps_of(spec, examples), train = member(record.cost, "train_seconds");
  if (!record.ok() || steps <= 0 || train <= 0) return;
  const double rest = std::max(0.0, member(record.cost, "total_seconds") - train);
  const CostLine line{kind_of(spec),
                      train,
                      rest,
                      steps,
                      examples,
                      spec.smoke,
                      member(record.cost, "peak_memory_mib")};
  lines_[line.kind].push_back(line);
  std::filesystem::create_directories(std::filesystem::path(path_).parent_path());
  std::ofstream(path_, std::ios::app) << core::write_json(line).dump() + "\n";
}

}  // namespace ktb::launch
