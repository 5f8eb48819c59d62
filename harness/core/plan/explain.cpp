#include "core/plan/explain.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "core/base/error.hpp"
#include "core/suite/document.hpp"

namespace ktb::core {
namespace {

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

Explanation explain(const Trial& trial, const Origin& origin) {
  const Json spec = to_json(trial.spec());
  std::map<std::string, Json> values;
  for (const char* part : {"task", "target", "method", "plus", "sources", "recipe"})
    flatten(spec.at(part), part, values);
  Explanation told{{}, Json::parse(trial.fields())};
  for (const auto& [name, value] : values) {
    const auto place = origin.find(name);
    told.settings.push_back({name, value, place == origin.end() ? "default" : place->second});
  }
  return told;
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
