#pragma once
#include <optional>
#include <string>
#include <vector>

#include "ktb/files.hpp"

// Data sets that people have unpacked in one of several customary ways.

namespace ktb {

struct FoundFolder {
  std::string path;
  std::string name;  ///< below a data directory
};
/// The first place with one of these folders, and the first of them there.
KTB_API std::optional<FoundFolder> find_folder(const DataFolder& folder,
                                               const std::vector<std::string>& names);
/// find_folder() that throws Error with what was looked for, and `get`.
KTB_API FoundFolder require_folder(const DataFolder& folder, const std::vector<std::string>& names,
                                   const std::string& get);

/// Of the first place that has one of these files, the first of them there: what a user's own place
/// holds in any layout comes before what a package's holds in the first. No place has one: the
/// first of all.
KTB_API std::string first_found(const DataFolder& folder, const std::vector<std::string>& names);

}  // namespace ktb
