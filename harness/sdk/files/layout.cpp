#include "ktb/files/layout.hpp"

namespace ktb {

std::optional<FoundFolder> find_folder(const DataFolder& folder,
                                       const std::vector<std::string>& names) {
  for (const auto& place : folder.places()) {
    for (const auto& name : names) {
      if (auto path = folder.folder_at(place, name); !path.empty()) return {{path, name}};
    }
  }
  return std::nullopt;
}

FoundFolder require_folder(const DataFolder& folder, const std::vector<std::string>& names,
                           const std::string& get) {
  if (auto found = find_folder(folder, names)) return *found;
  std::string looked;
  for (const auto& place : folder.places())
    for (const auto& name : names) looked += "\n  looked for " + place + "/" + name;
  throw MissingData("the folder " + names.at(0) + " is missing" + looked + "\n" + get);
}

std::string first_found(const DataFolder& folder, const std::vector<std::string>& names) {
  for (const auto& place : folder.places()) {
    for (const auto& name : names)
      if (!folder.find_at(place, name).empty()) return name;
  }
  return names.at(0);
}

}  // namespace ktb
