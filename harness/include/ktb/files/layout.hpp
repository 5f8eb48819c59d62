#pragma once
#include <string>
#include <vector>

#include "ktb/files.hpp"

// Data sets that people have unpacked in one of several customary ways.

namespace ktb {

struct FoundFolder {
  std::string path;
  std::string name;  ///< below a data directory
};
/// The first place with one of these folders, and the first of them there. Throws Error with what
/// was looked for, and `get`.
KTB_API FoundFolder require_folder(const DataFolder& folder, const std::vector<std::string>& names,
                                   const std::string& get);

/// The first of these files that is there; where none is, the first.
KTB_API std::string first_found(const DataFolder& folder, const std::vector<std::string>& names);

}  // namespace ktb
