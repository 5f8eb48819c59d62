#pragma once
#include <string>

namespace ktb::app {

struct NewPlugin {
  std::string kind, name;
  std::string folder;  ///< empty: named like the plugin
};

/// Writes a folder that builds outside the tree: CMakeLists.txt, NAME.cpp, NAME.toml, README.md.
/// Throws core::Error where the name will not do or the folder is there already.
void write_plugin(const NewPlugin& plugin);

}  // namespace ktb::app
