#pragma once
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "ktb/files.hpp"

// COCO's pictures of 2014, which several data sets are about, in the ways in which people unpack
// them: the folders train2014 and val2014 in coco/, coco/images/ or vqa2/ below a data directory.

namespace ktb {

/// val2014/COCO_val2014_000000000042.jpg of `val2014` and 42.
KTB_API std::string coco_picture(const std::string& subset, std::int64_t id);
/// The first one of a subset: for Dataset::files(), where names and counts of the others are known.
KTB_API std::string coco_first_picture(const std::string& subset);
/// Those pictures for Dataset::files(), as they are found.
KTB_API std::vector<DataFile> coco_files(const DataFolder& folder,
                                         const std::set<std::string>& pictures);
/// Their paths, for picture_table(). Throws Error with `get` where a subset's folder is missing.
KTB_API std::vector<std::string> coco_paths(const DataFolder& folder,
                                            const std::vector<std::string>& pictures,
                                            const std::string& get);

}  // namespace ktb
