#include "launch/costs.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <functional>
#include <utility>

#include "core/base/digest.hpp"

namespace ktb::launch {
namespace {

using core::Json;

constexpr double kSmokeSteps = 2;

Json plugin_of(const Json& part) {
  if (!part.is_object()) return nullptr;
  return {part.value("plugin", ""), part.value("options", Json::object()), part.value("mode", "")};
}

Json plugins_of(const Json& spec, const std::string& key) {
  Json result = Json::array();
  for (const auto& part : spec.value(key, Json::array())) result.push_back(plugin_of(part));
  return result;
}

/// Trials of one kind take the same time a step.
std::string kind_of(const Json& spec) {
  const Json& task = spec.at("task");
  const Json& recipe = spec.at("recipe");
  return core::sha256_text(
             Json::array({plugin_of(task), task.value("train", 0.0), task.value("test", 0.0),
                          task.value("labels", 1.0), task.value("augment", Json::array()),
                          plugin_of(spec.value("target", Json())), plugins_of(spec, "sources"),
                          plugin_of(spec.at("method")), plugins_of(spec, "plus"),
                          recipe.value("batch", 1.0), recipe.value("precision", ""),
                          spec.value("device", "cpu")})
                 .dump())
      .substr(0, 16);
}

double steps_of(const Json& spec, double examples) {
  if (spec.value("smoke", false)) return kSmokeSteps;
  const Json& recipe = spec.at("recipe");
  const double steps = recipe.value("steps", 0.0);
  if (steps > 0) return steps;
  return recipe.value("epochs", 0.0) *
         std::ceil(examples / std::max(1.0, recipe.value("batch", 1.0)));
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
  for (std::string text; std::getline(file, text);) {
    const Json line = Json::parse(text, nullptr, false);
    if (line.is_object()) keep(line);  // a line cut off by a crash is skipped
  }
}

void CostBook::keep(const Json& line) {
  lines_[line.value("kind", "")].push_back({line.value("train", 0.0), line.value("rest", 0.0),
                                            line.value("steps", 0.0), line.value("examples", 0.0),
                                            line.value("smoke", false)});
}

std::optional<Estimate> CostBook::estimate(const Json& spec) const {
  if (lines_.empty()) return std::nullopt;
  const auto known = lines_.find(kind_of(spec));
  if (known == lines_.end()) return std::nullopt;
  const auto& lines = known->second;
  const bool only_smoke =
      std::all_of(lines.begin(), lines.end(), [](const Line& line) { return line.smoke; });
  std::vector<double> guesses;
  for (const auto& line : lines) {
    if (line.smoke && !only_smoke) continue;
    guesses.push_back(line.rest + line.train / line.steps * steps_of(spec, line.examples));
  }
  return Estimate{median(guesses), only_smoke};
}

void CostBook::add(const Json& spec, const core::Record& record) {
  const auto count = record.examples.find("train");
  const double examples = count != record.examples.end() ? static_cast<double>(count->second) : 0;
  const double steps = steps_of(spec, examples), train = member(record.cost, "train_seconds");
  if (!record.ok() || steps <= 0 || train <= 0) return;
  const Json line = {{"kind", kind_of(spec)},
                     {"train", train},
                     {"rest", std::max(0.0, member(record.cost, "total_seconds") - train)},
                     {"steps", steps},
                     {"examples", examples},
                     {"smoke", spec.value("smoke", false)}};
  keep(line);
  std::filesystem::create_directories(std::filesystem::path(path_).parent_path());
  std::ofstream(path_, std::ios::app) << line.dump() + "\n";
}

}  // namespace ktb::launch
