#include "core/plan/describer.hpp"

#include <algorithm>

namespace ktb::core {

const std::optional<PluginFile>& Describer::plugin(const std::string& kind,
                                                   const std::string& name) {
  const auto [entry, fresh] = plugins_.try_emplace(kind + "/" + name);
  if (fresh) entry->second = catalogue_.find(kind, name);
  return entry->second;
}

Json Describer::with_preset(const PluginFile& file, const Json& options) const {
  Json all = file.preset.is_object() ? file.preset : Json::object();
  all.update(options);
  return {{"plugin", file.name}, {"options", std::move(all)}};
}

std::string Describer::add(const std::string& kind, char letter, Json entry) {
  const auto [known, fresh] = ids_.try_emplace(kind + entry.dump());
  if (fresh) {
    Json& section = request_[kind];
    known->second = letter + std::to_string(section.size());
    section[known->second] = std::move(entry);
    news_ = true;
  }
  return known->second;
}

std::string Describer::dataset(const std::string& plugin_name, const Json& options) {
  const auto& file = plugin("dataset", plugin_name);
  return file ? add("datasets", 'd', with_preset(*file, options)) : "";
}

std::string Describer::model(const std::string& plugin_name, const Json& options,
                             const std::string& dataset, const std::string& goal) {
  const auto& file = plugin("model", plugin_name);
  if (!file || dataset.empty()) return "";
  Json entry = with_preset(*file, options);
  entry["dataset"] = dataset;
  if (!goal.empty()) entry["task"] = goal;
  return add("models", 'm', std::move(entry));
}

std::string Describer::method(const std::string& plugin_name, const Json& options) {
  const auto& file = plugin("method", plugin_name);
  return file ? add("methods", 'k', with_preset(*file, options)) : "";
}

std::string Describer::pairing(const std::string& method, const std::string& task,
                               const std::string& target, const std::vector<std::string>& sources,
                               const std::string& mode) {
  if (method.empty() || task.empty()) return "";
  if (std::count(sources.begin(), sources.end(), "") > 0) return "";
  std::string text = "pairings" + method + " " + task + " " + target + " " + mode;
  for (const auto& source : sources) text += " " + source;
  const auto [known, fresh] = ids_.try_emplace(text);
  if (fresh) {
    Json& all = request_["pairings"];
    known->second = std::to_string(all.size());
    const std::size_t modes = mode.empty() || mode == "none" ? 0 : sources.size();
    all.push_back({{"method", method},
                   {"task", task},
                   {"target", target.empty() ? Json() : Json(target)},
                   {"sources", sources},
                   {"modes", std::vector<std::string>(modes, mode)}});
    news_ = true;
  }
  return known->second;
}

bool Describer::ask() {
  if (!news_) return false;
  news_ = false;
  answers_ = catalogue_.describe(request_);
  return true;
}

const Json* Describer::answer(const std::string& kind, const std::string& id) const {
  const auto section = answers_.find(kind);
  if (id.empty() || section == answers_.end()) return nullptr;
  const auto found = section->find(id);
  return found == section->end() ? nullptr : &*found;
}

Reason Describer::unsuited(const std::string& pairing) const {
  if (pairing.empty() || !answers_.contains("pairings")) return "";
  const Json& all = answers_["pairings"];
  const std::size_t index = std::stoul(pairing);
  return index < all.size() ? all[index].value("unsuited", "") : "";
}

}  // namespace ktb::core
