#pragma once
#include <string>

#include "core/base/plugin_file.hpp"
#include "run/plugins/loader.hpp"

namespace ktb::run {

/// Options, defaults, help and citation of one plugin with its aliases, for `ktbench plugin show`.
std::string show(const core::PluginNote& note, Registry& registry);

/// The same as a section of a page, under a heading of that depth.
std::string show_markdown(const core::PluginNote& note, Registry& registry, int depth);

/// docs/methods.md: every plugin that the registry found, or those of one kind, by kind and name.
std::string show_page(Registry& registry, const std::string& kind);

}  // namespace ktb::run
