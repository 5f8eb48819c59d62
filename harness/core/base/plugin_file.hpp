#pragma once
#include <optional>
#include <string>
#include <vector>

#include "core/base/json.hpp"

namespace ktb::core {

/// Another name of a plugin, with preset options.
struct Alias {
  std::string name;
  Json preset;
};

/// What a plugin file says of itself, read without loading it (ktb/plugin.hpp writes it).
struct PluginNote {
  std::string path, kind, name, abi, summary, citation;
  std::vector<Alias> aliases;

  /// What a name of this plugin sets: nothing for its own, an alias' preset;
  /// none: it is not one of its names.
  std::optional<Json> preset(const std::string& called) const;
};

/// Throws Error: no such file, no ELF file, no note (not a ktbench plugin).
PluginNote read_plugin_note(const std::string& path);

/// SHA-256 of what is loaded of a plugin file, its ABI key aside: the lines of debug information do
/// not count, so neither do comments.
std::string plugin_hash(const std::string& path);

/// Where plugins are looked for: `extra` first, then $KTBENCH_PLUGIN_PATH, then beside the binary.
std::vector<std::string> plugin_dirs(const std::vector<std::string>& extra);

/// All plugins in these folders and their models/, methods/, datasets/; by kind and name. The first
/// of two equal names wins if it comes from an earlier folder; files without a note are left out.
std::vector<PluginNote> find_plugins(const std::vector<std::string>& dirs);

/// The plugin behind a name, its own or an alias, which sets `preset`; null: there is none.
struct FoundPlugin {
  const PluginNote* note = nullptr;
  Json preset;
};
FoundPlugin find_plugin(const std::vector<PluginNote>& notes, const std::string& kind,
                        const std::string& name);

/// Every name and alias of a kind, sorted.
std::vector<std::string> plugin_names(const std::vector<PluginNote>& notes,
                                      const std::string& kind);

/// One line for each field in which two ABI keys differ:
/// `torch: plugin 2.10.0, this ktbench 2.11.0`.
std::vector<std::string> abi_differences(const std::string& plugin, const std::string& host);

/// Throws PluginError that names every difference where this build cannot load the plugin.
void check_abi(const PluginNote& note);
/// How to mend that, in a sentence.
std::string rebuild_advice(const PluginNote& note);

}  // namespace ktb::core
