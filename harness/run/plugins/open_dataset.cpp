#include "run/plugins/open_dataset.hpp"

#include <utility>

#include "run/data/union_dataset.hpp"
#include "run/plugins/plain.hpp"

namespace ktb::run {

std::shared_ptr<Dataset> open_dataset(Registry& registry, const std::string& plugin,
                                      const core::Json& options,
                                      const std::vector<std::string>& data_dirs) {
  if (plugin != core::kUnion) {
    Options given(values_from_json(options));
    return registry.dataset(plugin, given);
  }
  const auto spec = core::union_of(options);
  std::vector<UnionDataset::Part> parts;
  for (const auto& part : spec.parts) {
    auto dataset = open_dataset(registry, part.plugin, part.options, data_dirs);
    auto folder = data_folder(*dataset, data_dirs);
    parts.push_back({std::move(dataset), std::move(folder), part.plugin + ":" + part.hash,
                     part.train, part.test});
  }
  return std::make_shared<UnionDataset>(std::move(parts), spec.shared);
}

}  // namespace ktb::run
