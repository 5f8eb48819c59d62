#include <fmt/format.h>

#include <algorithm>

#include "core/base/error.hpp"
#include "core/plan/plan.hpp"
#include "core/suite/document.hpp"

namespace ktb::core {
namespace {

Json to_json(const Cell& cell) {
  Json samples = Json::array();
  for (const auto& sample : cell.samples) {
    samples.push_back({{"seed", sample.seed},
                       {"trial", sample.trial},
                       {"sources", sample.sources},
                       {"tuning", sample.tuning}});
  }
  return {{"axes", cell.axes},
          {"samples", samples},
          {"hole", cell.hole},
          {"origin", cell.origin},
          {"candidates", cell.candidates}};
}

Cell cell_from_json(const Json& json) {
  Cell cell;
  json.at("axes").get_to(cell.axes);
  json.at("hole").get_to(cell.hole);
  json.at("origin").get_to(cell.origin);
  json.at("candidates").get_to(cell.candidates);
  for (const auto& item : json.at("samples")) {
    cell.samples.push_back(
        {item.at("seed"), item.at("trial"), item.at("sources"), item.at("tuning")});
  }
  return cell;
}

template <class T>
std::vector<std::string> words(const T& json) {
  return json.template get<std::vector<std::string>>();
}

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

Json to_json(const TableSpec& table) {
  Json derive = Json::array();
  for (const auto& row : table.derive) {
    derive.push_back({{"name", row.name}, {"method", row.method}, {"over", row.over}});
  }
  return {{"name", table.name},           {"title", table.title}, {"where", table.where},
          {"rows", table.rows},           {"cols", table.cols},   {"metrics", table.metrics},
          {"baseline", table.baseline},   {"extra", table.extra}, {"derive", derive},
          {"published", table.published}, {"marks", table.marks}, {"spread", table.spread},
          {"digits", table.digits},       {"fit", table.fit},     {"view", table.view},
          {"mean", table.mean},           {"note", table.note}};
}

TableSpec table_spec_from_json(const Json& json) {
  TableSpec table;
  json.at("name").get_to(table.name);
  json.at("title").get_to(table.title);
  json.at("where").get_to(table.where);
  table.rows = words(json.at("rows"));
  table.cols = words(json.at("cols"));
  table.metrics = words(json.at("metrics"));
  json.at("baseline").get_to(table.baseline);
  table.extra = words(json.at("extra"));
  for (const auto& row : json.at("derive")) {
    table.derive.push_back({row.at("name"), row.at("method"), row.at("over")});
  }
  table.published = words(json.at("published"));
  json.at("marks").get_to(table.marks);
  json.at("spread").get_to(table.spread);
  json.at("digits").get_to(table.digits);
  table.view = json.value("view", table.view);
  json.at("fit").get_to(table.fit);
  json.at("mean").get_to(table.mean);
  json.at("note").get_to(table.note);
  return table;
}

Json to_json(const Plan& plan) {
  Json trials = Json::array(), cells = Json::array(), tables = Json::array();
  Json missing = Json::array(), rules = Json::array();
  for (const auto& trial : plan.trials) {
    trials.push_back({{"id", trial.id},
                      {"key", trial.key},
                      {"needs", trial.needs},
                      {"accepted", trial.accepted}});
  }
  for (const auto& cell : plan.cells) cells.push_back(to_json(cell));
  for (const auto& table : plan.tables) tables.push_back(to_json(table));
  for (const auto& lack : plan.missing) {
    missing.push_back({{"kind", lack.kind},
                       {"name", lack.name},
                       {"message", lack.message},
                       {"trials", lack.trials}});
  }
  for (const auto& rule : plan.rules) {
    rules.push_back({{"text", rule.text}, {"place", rule.place}, {"trials", rule.trials}});
  }
  return {{"schema", 1},
          {"suite", plan.suite},
          {"profile", plan.profile},
          {"file", plan.file},
          {"title", plan.title},
          {"question", plan.question},
          {"device", plan.device},
          {"trials", trials},
          {"cells", cells},
          {"tables", tables},
          {"missing", missing},
          {"rules", rules},
          {"warnings", plan.warnings},
          {"order", plan.order},
          {"labels", plan.labels}};
}

Plan plan_from_json(const Json& json) {
  if (json.value("schema", 0) != 1)
    throw Error("this plan was written by another version; run `ktbench plan` again");
  Plan plan;
  for (auto [key, member] :
       {std::pair("suite", &plan.suite), std::pair("profile", &plan.profile),
        std::pair("file", &plan.file), std::pair("title", &plan.title),
        std::pair("question", &plan.question), std::pair("device", &plan.device)}) {
    json.at(key).get_to(*member);
  }
  for (const auto& item : json.at("trials")) {
    plan.trials.push_back({item.at("id"), item.at("key"), Json(), "", words(item.at("needs")),
                           item.value("accepted", "")});
  }
  for (const auto& item : json.at("cells")) plan.cells.push_back(cell_from_json(item));
  for (const auto& item : json.at("tables")) plan.tables.push_back(table_spec_from_json(item));
  for (const auto& item : json.at("missing")) {
    plan.missing.push_back(
        {item.at("kind"), item.at("name"), item.at("message"), item.at("trials")});
  }
  for (const auto& item : json.at("rules")) {
    plan.rules.push_back({item.at("text"), item.at("place"), item.at("trials")});
  }
  plan.warnings = words(json.at("warnings"));
  json.at("order").get_to(plan.order);
  json.at("labels").get_to(plan.labels);
  return plan;
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
