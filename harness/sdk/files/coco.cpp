#include "ktb/files/coco.hpp"

#include <algorithm>
#include <map>

#include "ktb/files/layout.hpp"

namespace ktb {
namespace {

std::vector<std::string> places_of(const std::string& name) {
  return {"coco/" + name, "coco/images/" + name, "vqa2/" + name};
}

}  // namespace

std::string coco_picture(const std::string& subset, std::int64_t id) {
  auto number = std::to_string(id);
  number.insert(0, 12 - std::min<std::size_t>(12, number.size()), '0');
  return subset + "/COCO_" + subset + "_" + number + ".jpg";
}

std::string coco_first_picture(const std::string& subset) {
  return coco_picture(subset, subset == "train2014" ? 9 : 42);
}

std::vector<DataFile> coco_files(const DataFolder& folder, const std::set<std::string>& pictures) {
  std::vector<DataFile> files;
  for (const auto& picture : pictures)
    files.push_back({first_found(folder, places_of(picture)), "", 0});
  return files;
}

std::vector<std::string> coco_paths(const DataFolder& folder,
                                    const std::vector<std::string>& pictures,
                                    const std::string& get) {
  std::map<std::string, std::string> bases;
  std::vector<std::string> paths;
  for (const auto& picture : pictures) {
    const auto slash = picture.find('/');
    auto& base = bases[picture.substr(0, slash)];
    if (base.empty()) base = require_folder(folder, places_of(picture.substr(0, slash)), get).path;
    paths.push_back(base + picture.substr(slash));
  }
  return paths;
}

}  // namespace ktb
