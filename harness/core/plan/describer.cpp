#include "core/plan/describer.hpp"

#include <algorithm>

namespace ktb::core {
namespace {

PluginQuestion with_preset(const PluginFile& file, const Json& options) {
  PluginQuestion asked{file.name, file.preset.is_object() ? file.preset : Json::object()};
  asked.options.update(options);
  return asked;
}

}  // namespace

const std::optional<PluginFile>& Describer::plugin(const std::string& kind,
                                                   const std::string& name) {
  const auto [entry, fresh] = plugins_.try_emplace(kind + "/" + name);
  if (fresh) entry->second = catalogue_.find(kind, name);
  return entry->second;
}

template <class Question>
std::string Describer::add(std::map<std::string, Question>& section, char letter, Question asked) {
  const auto [known, fresh] = ids_.try_emplace(letter + write_json(asked).dump());
  if (fresh) {
    known->second = letter + std::to_string(section.size());
    section[known->second] = std::move(asked);
    news_ = true;
  }
  return known->second;
}

std::string Describer::dataset(const std::string& plugin_name, const Json& options) {
  const auto& file = plugin("dataset", plugin_name);
  return file ? add(request_.datasets, 'd', with_preset(*file, options)) : "";
}

std::string Describer::united(UnionSpec spec) {
  for (auto& part : spec.parts) {
    const auto& file = plugin("dataset", part.plugin);
    if (!file) return "";
    const auto asked = with_preset(*file, part.options);
    part.plugin = asked.plugin;
    part.options = asked.options;
  }
  return add(request_.datasets, 'd', PluginQuestion{kUnion, write_json(spec)});
}

std::string Describer::model(ModelQuestion asked) {
  const auto& file = plugin("model", asked.plugin);
  if (!file || asked.dataset.empty()) return "";
  static_cast<PluginQuestion&>(asked) = with_preset(*file, asked.options);
  return add(request_.models, 'm', std::move(asked));
}

std::string Describer::method(const std::string& plugin_name, const Json& options) {
  const auto& file = plugin("method", plugin_name);
  return file ? add(request_.methods, 'k', with_preset(*file, options)) : "";
}

std::string Describer::pairing(const std::string& method, const std::string& task,
                               const std::string& target, const std::vector<std::string>& sources,
                               std::optional<SourceMode> mode) {
  if (method.empty() || task.empty()) return "";
  if (std::count(sources.begin(), sources.end(), "") > 0) return "";
  PairingQuestion asked{method, task, std::nullopt, sources, {}};
  if (!target.empty()) asked.target = target;
  if (mode && *mode != SourceMode::kNone) asked.modes.assign(sources.size(), *mode);
  const auto [known, fresh] = ids_.try_emplace("pairing" + write_json(asked).dump());
  if (fresh) {
    known->second = std::to_string(request_.pairings.size());
    request_.pairings.push_back(std::move(asked));
    news_ = true;
  }
  return known->second;
}

bool Describer::ask() {
  if (!news_) return false;
  news_ = false;
  answers_ = catalogue_.describe(request_);
  plugins_.clear();  // which options name files is known only now
  return true;
}

Reason Describer::unsuited(const std::string& pairing) const {
  if (pairing.empty()) return "";
  const std::size_t index = std::stoul(pairing);
  return index < answers_.pairings.size() ? answers_.pairings[index].unsuited : "";
}

}  // namespace ktb::core
