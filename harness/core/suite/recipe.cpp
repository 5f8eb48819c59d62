#include "core/suite/recipe.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>

#include "core/suite/schedule.hpp"

namespace ktb::core {
namespace {

using Fault = std::optional<RecipeFault>;
using Check = std::function<Fault(const std::string& key, const Json& value)>;
using Checks = std::map<std::string, Check>;

std::optional<double> relative(const Json& value) {
  if (!value.is_string()) return std::nullopt;
  const auto text = value.get<std::string>();
  if (text.size() < 2 || text[0] != 'x') return std::nullopt;
  try {
    std::size_t read = 0;
    const double factor = std::stod(text.substr(1), &read);
    if (read + 1 == text.size() && factor > 0 && std::isfinite(factor)) return factor;
  } catch (const std::exception&) {
    return std::nullopt;
  }
  return std::nullopt;
}

Check number(double least, double most, bool open = false) {
  return [=](const std::string& key, const Json& value) -> Fault {
    const bool fits = value.is_number() && value.get<double>() <= most &&
                      (open ? value.get<double>() > least : value.get<double>() >= least);
    if (fits) return std::nullopt;
    const std::string above = fmt::format("{} {}", open ? "above" : "of at least", least);
    const std::string range =
        std::isfinite(most) ? fmt::format("{} and at most {}", above, most) : above;
    return RecipeFault{key, fmt::format("`{}` wants a number {}", key, range), {}};
  };
}

const double kNoLimit = HUGE_VAL;

Check count(std::int64_t least) {
  return [=](const std::string& key, const Json& value) -> Fault {
    if (value.is_number_integer() && value.get<std::int64_t>() >= least) return std::nullopt;
    return RecipeFault{
        key, fmt::format("`{}` wants a whole number of at least {}", key, least), {}};
  };
}

Fault extent(const std::string& key, const Json& value) {
  if (relative(value) || (value.is_number_integer() && value.get<std::int64_t>() > 0)) return {};
  return RecipeFault{
      key, fmt::format("`{}` wants a whole number above 0, or \"x2\" for twice as many", key), {}};
}

Check word(std::vector<std::string> known) {
  return [known = std::move(known)](const std::string& key, const Json& value) -> Fault {
    if (value.is_string() && std::count(known.begin(), known.end(), value.get<std::string>())) {
      return std::nullopt;
    }
    return RecipeFault{key, fmt::format("`{}` is one of {}", key, fmt::join(known, ", ")), known};
  };
}

Fault boolean(const std::string& key, const Json& value) {
  if (value.is_boolean()) return {};
  return RecipeFault{key, fmt::format("`{}` is true or false", key), {}};
}

Fault increasing(const std::string& key, const Json& value) {
  bool fits = value.is_array();
  for (std::size_t i = 0; fits && i < value.size(); ++i) {
    fits = value[i].is_number() && value[i].get<double>() > 0 &&
           (i == 0 || value[i - 1].get<double>() <= value[i].get<double>());
  }
  if (fits) return {};
  return RecipeFault{key, fmt::format("`{}` wants a list of numbers that do not fall", key), {}};
}

Fault kept(const std::string& key, const Json& value) {
  static const std::vector<std::string> kKnown = {"weights", "predictions", "features"};
  const auto fits = [&](const Json& word) {
    return word.is_string() &&
           std::count(kKnown.begin(), kKnown.end(), word.get<std::string>()) > 0 &&
           std::count(value.begin(), value.end(), word) == 1;
  };
  if (value.is_array() && std::all_of(value.begin(), value.end(), fits)) return {};
  return RecipeFault{
      key,
      fmt::format("`{}` wants a list of some of {}, each once", key, fmt::join(kKnown, ", ")),
      {}};
}

Fault betas(const std::string& key, const Json& value) {
  const auto share = [](const Json& b) { return b.is_number() && b >= 0.0 && b < 1.0; };
  if (value.is_array() && value.size() == 2 && share(value[0]) && share(value[1])) return {};
  return RecipeFault{key, fmt::format("`{}` wants two numbers from 0 to below 1", key), {}};
}

Fault momenta(const std::string& key, const Json& value) {
  const auto share = [](const Json& m) { return m.is_number() && m >= 0.0 && m < 1.0; };
  const bool two = value.is_array() && value.size() == 2 && share(value[0]) && share(value[1]);
  if ((two && value[0] <= value[1]) || (value.is_array() && value.empty())) return {};
  return RecipeFault{
      key, fmt::format("`{}` wants the lowest and the highest momentum, or [] for none", key), {}};
}

const std::map<std::string, Json>& optimizers() {
  static const std::map<std::string, Json> kDefaults = [] {
    const Json base = {
        {"momentum", 0.0}, {"nesterov", false}, {"betas", {0.9, 0.999}}, {"eps", 1e-8}};
    Json sgd = base, adam = base, adamw = base;
    sgd.update({{"name", "sgd"}, {"lr", 0.1}, {"momentum", 0.9}, {"weight_decay", 5e-4}});
    adam.update({{"name", "adam"}, {"lr", 1e-3}, {"weight_decay", 0.0}});
    adamw.update({{"name", "adamw"}, {"lr", 1e-3}, {"weight_decay", 0.01}});
    return std::map<std::string, Json>{{"sgd", sgd}, {"adam", adam}, {"adamw", adamw}};
  }();
  return kDefaults;
}

Json schedule_default(const std::string& name) {
  Schedule schedule;
  schedule.name = name;
  return write_json(schedule);
}

const Checks& optimizer_checks() {
  static const Checks kChecks = {{"name", word({"sgd", "adam", "adamw"})},
                                 {"lr", number(0, kNoLimit, true)},
                                 {"momentum", number(0, 1)},
                                 {"weight_decay", number(0, kNoLimit)},
                                 {"nesterov", boolean},
                                 {"betas", betas},
                                 {"eps", number(0, kNoLimit, true)}};
  return kChecks;
}

const Checks& schedule_checks() {
  static const Checks kChecks = {{"name", word(schedule_names())},
                                 {"at", increasing},
                                 {"every", number(0, kNoLimit)},
                                 {"gamma", number(0, kNoLimit, true)},
                                 {"warmup", number(0, kNoLimit)},
                                 {"warmup_from", number(0, 1)},
                                 {"min", number(0, kNoLimit)},
                                 {"rise", number(0, 1, true)},
                                 {"anneal", word({"cosine", "linear"})},
                                 {"start_div", number(0, kNoLimit, true)},
                                 {"end_div", number(0, kNoLimit, true)},
                                 {"three_phase", boolean},
                                 {"momentum", momenta}};
  return kChecks;
}

Fault check_table(const std::string& prefix, const Json& table, const Checks& checks) {
  std::vector<std::string> known;
  for (const auto& [key, check] : checks) known.push_back(key);
  for (const auto& [key, value] : table.items()) {
    const auto check = checks.find(key);
    if (check == checks.end()) {
      const std::string owner = prefix.empty() ? "a recipe" : "`" + prefix + "`";
      return RecipeFault{prefix.empty() ? key : prefix + "." + key,
                         fmt::format("{} has no key `{}`", owner, key), known, true};
    }
    if (Fault fault = check->second(prefix.empty() ? key : prefix + "." + key, value)) return fault;
  }
  return std::nullopt;
}

/// `schedule = "cosine"` is short for `schedule = { name = "cosine" }`.
Check part(const Checks& checks) {
  return [&checks](const std::string& key, const Json& value) -> Fault {
    if (value.is_object()) return check_table(key, value, checks);
    if (value.is_string()) return checks.at("name")(key, value);
    return RecipeFault{key, fmt::format("`{}` wants a name or a table", key), {}};
  };
}

const Checks& recipe_checks() {
  static const Checks kChecks = {{"epochs", extent},
                                 {"steps", extent},
                                 {"batch", count(1)},
                                 {"optimizer", part(optimizer_checks())},
                                 {"schedule", part(schedule_checks())},
                                 {"clip", number(0, kNoLimit)},
                                 {"precision", word({"fp32", "bf16"})},
                                 {"validation", number(0, kNoLimit)},
                                 {"select", word({"last", "best-validation", "best-test"})},
                                 {"channels_last", boolean},
                                 {"deterministic", boolean},
                                 {"frozen", word({"plain", "folded", "bf16"})},
                                 {"keep", kept}};
  return kChecks;
}

/// Numbers that are not counts are kept as doubles: 2 and 2.0 are the same setting.
void assign(Json& target, const std::string& key, const Json& value) {
  if (value.is_array() && !value.empty() && value[0].is_number()) {
    target[key] = value.get<std::vector<double>>();
  } else if (value.is_number()) {
    target[key] = value.get<double>();
  } else {
    target[key] = value;
  }
}

void apply_part(Json& current, const Json& layer,
                const std::function<Json(const std::string&)>& defaults) {
  const Json table = layer.is_string() ? Json{{"name", layer}} : layer;
  if (table.contains("name") && table["name"] != current["name"]) current = defaults(table["name"]);
  for (const auto& [key, value] : table.items()) assign(current, key, value);
}

}  // namespace

Json default_recipe() {
  return {{"epochs", 10},
          {"steps", 0},
          {"batch", 128},
          {"optimizer", optimizers().at("sgd")},
          {"schedule", schedule_default("cosine")},
          {"clip", 0.0},
          {"precision", "fp32"},
          {"validation", 0.0},
          {"select", "last"},
          {"channels_last", true},
          {"deterministic", true},
          {"frozen", "plain"},
          {"keep", Json::array()}};
}

std::optional<RecipeFault> check_recipe(const Json& layer) {
  if (layer.contains("epochs") && layer.contains("steps")) {
    return RecipeFault{"steps", "a recipe has `epochs` or `steps`, not both", {}, true};
  }
  return check_table("", layer, recipe_checks());
}

std::string replaced_extent(const Json& layer) {
  const auto sets = [&](const char* key) { return layer.contains(key) && !relative(layer[key]); };
  return sets("steps") ? "epochs" : sets("epochs") ? "steps" : "";
}

Json scaled_extent(const Json& base, const Json& value) {
  const auto factor = relative(value);
  if (!factor) return value;
  if (const auto first = relative(base)) return fmt::format("x{}", *first * *factor);
  if (!base.is_number()) return value;
  return std::max<std::int64_t>(1, std::llround(base.get<double>() * *factor));
}

void apply_recipe(Json& recipe, const Json& layer) {
  const std::string gone = replaced_extent(layer);
  for (const auto& [key, value] : layer.items()) {
    if (key == "epochs" || key == "steps") {
      const std::string unit = !relative(value) ? key : recipe["steps"] > 0 ? "steps" : "epochs";
      recipe[unit] = scaled_extent(recipe[unit], value);
    } else if (key == "optimizer") {
      apply_part(recipe[key], value, [](const std::string& name) { return optimizers().at(name); });
    } else if (key == "schedule") {
      apply_part(recipe[key], value, schedule_default);
    } else if (key == "batch") {
      recipe[key] = value;
    } else {
      assign(recipe, key, value);
    }
  }
  if (!gone.empty()) recipe[gone] = 0;
}

}  // namespace ktb::core
