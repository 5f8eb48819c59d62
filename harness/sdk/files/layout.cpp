#include "ktb/files/layout.hpp"

#include <filesystem>

namespace ktb {

FoundFolder require_folder(const DataFolder& folder, const std::vector<std::string>& names,
                           const std::string& get) {
  std::string looked;
  for (const auto& place : folder.places()) {
    for (const auto& name : names) {
      const auto path = std::filesystem::path(place) / name;
      std::error_code ignored;
      if (std::filesystem::is_directory(path, ignored)) return {path.string(), name};
      looked += "\n  looked for " + path.string();
    }
  }
  throw Error("the folder " + names.at(0) + " is missing" + looked + "\n" + get);
}

std::string first_found(const DataFolder& folder, const std::vector<std::string>& names) {
  for (const auto& name : names)
    if (!folder.find(name).empty()) return name;
  return names.at(0);
}

}  // namespace ktb
