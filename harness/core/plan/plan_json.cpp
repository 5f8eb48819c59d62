#include <fmt/format.h>

#include <algorithm>

#include "core/base/error.hpp"
#include "core/base/fields.hpp"
#include "core/plan/plan.hpp"
#include "core/suite/document.hpp"

namespace ktb::core {
namespace {

/// Of a plan's file.
constexpr int kPlanSchema = 1;

/// Every value that is no table, with its dotted path.
void flatten(const Json& json, const std::string& path, std::map<std::string, Json>& out) {
  const bool tables = json.is_array() && !json.empty() && json[0].is_object();
  if (!json.is_object() && !tables) {
    out[path] = json;
    return;
  }
  std::size_t index = 0;
  for (const auto& [key, value] : json.items()) {
    flatten(value, join_path(path, tables ? std::to_string(index) : key), out);
    ++index;
  }
}

/// A changed member of a key in words, where its name does not say enough.
std::string difference(const std::string& name, const Json& before, const Json& after) {
  if (name == "build" && before.is_string() && after.is_string())
    return fmt::format("the harness' code that decides numbers changed: build {} -> {}",
                       before.get<std::string>(), after.get<std::string>());
  if (name == "torch" && before.is_string() && after.is_string())
    return fmt::format("LibTorch changed: {} -> {}", before.get<std::string>(),
                       after.get<std::string>());
  return fmt::format("{}: {} -> {}", name, before.dump(), after.dump());
}

}  // namespace

/// A stored plan leaves the specs out: each lies in its trial's folder.
template <Of<Trial> Self, class Ar>
void fields(Self& trial, Ar& ar) {
  ar("id", trial.id);
  ar("key", trial.key);
  ar("needs", trial.needs);
  ar.optional("accepted", trial.accepted);
}

template <Of<Sample> Self, class Ar>
void fields(Self& sample, Ar& ar) {
  ar("seed", sample.seed);
  ar("trial", sample.trial);
  ar("sources", sample.sources);
  ar("tuning", sample.tuning);
}

template <Of<Cell> Self, class Ar>
void fields(Self& cell, Ar& ar) {
  ar("axes", cell.axes);
  ar("samples", cell.samples);
  ar("hole", cell.hole);
  ar("origin", cell.origin);
  ar("candidates", cell.candidates);
}

template <Of<Missing> Self, class Ar>
void fields(Self& missing, Ar& ar) {
  ar("kind", missing.kind);
  ar("name", missing.name);
  ar("message", missing.message);
  ar("trials", missing.trials);
}

template <Of<Rule> Self, class Ar>
void fields(Self& rule, Ar& ar) {
  ar("text", rule.text);
  ar("place", rule.place);
  ar("trials", rule.trials);
}

template <Of<Plan> Self, class Ar>
void fields(Self& plan, Ar& ar) {
  ar("suite", plan.suite);
  ar("profile", plan.profile);
  ar("file", plan.file);
  ar("title", plan.title);
  ar("question", plan.question);
  ar("device", plan.device);
  ar("trials", plan.trials);
  ar("cells", plan.cells);
  ar("tables", plan.tables);
  ar("missing", plan.missing);
  ar("rules", plan.rules);
  ar("warnings", plan.warnings);
  ar("order", plan.order);
  ar("labels", plan.labels);
}

Json to_json(const TableSpec& table) { return write_json(table); }

TableSpec table_spec_from_json(const Json& json) {
  return read_json<TableSpec>(JsonView(json, "plan", "tables"));
}

Json to_json(const Plan& plan) {
  Json json = write_json(plan);
  json["schema"] = kPlanSchema;
  return json;
}

Plan plan_from_json(const Json& json) {
  const JsonView view(json, "plan");
  const auto schema = view.find("schema");
  if (!schema || schema->json() != kPlanSchema)
    throw Error("this plan was written by another version; run `ktbench plan` again");
  return read_json<Plan>(view);
}

Json explain(const Plan& plan, const Cell& cell, std::uint64_t seed) {
  const auto sample = std::find_if(cell.samples.begin(), cell.samples.end(),
                                   [&](const Sample& s) { return s.seed == seed; });
  if (sample == cell.samples.end()) throw Error(fmt::format("this cell has no seed {}", seed));
  if (sample->trial.empty()) return {{"id", ""}, {"hole", cell.hole}, {"settings", Json::array()}};
  const Trial& trial = plan.trial(sample->trial);
  Json settings = Json::array();
  std::map<std::string, Json> values;
  for (const char* part : {"task", "target", "method", "plus", "sources", "recipe"}) {
    flatten(trial.spec.at(part), part, values);
  }
  for (const auto& [name, value] : values) {
    const auto origin = cell.origin.find(name);
    settings.push_back({{"name", name},
                        {"value", value},
                        {"origin", origin == cell.origin.end() ? "default" : origin->second}});
  }
  return {{"id", trial.id},
          {"key", trial.key},
          {"hole", ""},
          {"settings", settings},
          {"fields", Json::parse(trial.fields)}};
}

std::vector<std::string> key_difference(const Json& before, const Json& after) {
  std::map<std::string, Json> old, now;
  flatten(before, "", old);
  flatten(after, "", now);
  std::vector<std::string> out;
  for (const auto& [name, value] : old) {
    const auto other = now.find(name);
    if (other == now.end()) {
      out.push_back(fmt::format("{}: {} -> absent", name, value.dump()));
    } else if (other->second != value) {
      out.push_back(difference(name, value, other->second));
    }
  }
  for (const auto& [name, value] : now) {
    if (!old.count(name)) out.push_back(fmt::format("{}: absent -> {}", name, value.dump()));
  }
  return out;
}

}  // namespace ktb::core
