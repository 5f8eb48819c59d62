#include "run/plugins/open_dataset.hpp"

#include <utility>

#include "core/base/plugin_file.hpp"
#include "run/data/union_dataset.hpp"
#include "run/plugins/kept_dataset.hpp"
#include "run/plugins/plain.hpp"

namespace ktb::run {
namespace {

/// What an environment gives comes from acting, and is not there to be kept.
std::shared_ptr<Dataset> kept(const Registry& registry, const std::string& plugin,
                              std::shared_ptr<Dataset> dataset, const Options& options,
                              core::Shelf& shelf) {
  if (dataset->control() != nullptr) return dataset;
  std::string identity = plugin;
  core::Json::to_msgpack(resolved(options), identity);
  std::vector<std::string> files = {
      core::find_plugin(registry.notes(), "dataset", plugin).note->path};
  for (const auto& option : options.declared())
    if (option.file) files.push_back(std::get<std::string>(option.value));
  return std::make_shared<KeptDataset>(std::move(dataset), identity, std::move(files), shelf);
}

}  // namespace

std::shared_ptr<Dataset> open_dataset(Registry& registry, const std::string& plugin,
                                      const core::Json& options,
                                      const std::vector<std::string>& data_dirs,
                                      core::Shelf* shelf) {
  if (plugin != core::kUnion) {
    Options given(values_from_json(options));
    auto dataset = registry.dataset(plugin, given);
    return shelf == nullptr ? dataset : kept(registry, plugin, std::move(dataset), given, *shelf);
  }
  const auto spec = core::union_of(options);
  std::vector<UnionDataset::Part> parts;
  for (const auto& part : spec.parts) {
    auto dataset = open_dataset(registry, part.plugin, part.options, data_dirs, shelf);
    auto folder = data_folder(*dataset, data_dirs);
    parts.push_back({std::move(dataset), std::move(folder), part.plugin + ":" + part.hash,
                     part.train, part.test});
  }
  return std::make_shared<UnionDataset>(std::move(parts), spec.shared);
}

}  // namespace ktb::run
