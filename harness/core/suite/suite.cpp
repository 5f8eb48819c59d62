#include "core/suite/suite.hpp"

#include <algorithm>

namespace ktb::core {
namespace {

template <class T>
const T* by_name(const std::vector<T>& all, const std::string& name) {
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const T& def) { return def.name == name; });
  return found == all.end() ? nullptr : &*found;
}

template <class T>
T or_plugin(const std::vector<T>& all, const std::string& name) {
  if (const T* found = by_name(all, name)) return *found;
  T made;
  made.name = made.plugin = name;
  return made;
}

}  // namespace

const std::vector<std::string>& pretext_tasks() {
  static const std::vector<std::string> kTasks = {"rotation", "autoencode", "contrastive"};
  return kTasks;
}

DatasetDef Suite::dataset(const std::string& name) const { return or_plugin(datasets, name); }
ModelDef Suite::model(const std::string& name) const { return or_plugin(models, name); }
MethodDef Suite::method(const std::string& name) const { return or_plugin(methods, name); }
const SourceDef* Suite::source(const std::string& name) const { return by_name(sources, name); }
const HubDef* Suite::hub(const std::string& name) const { return by_name(hubs, name); }

}  // namespace ktb::core
