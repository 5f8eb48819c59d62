#pragma once
#include <functional>
#include <string>

#include "core/suite/suite.hpp"

namespace ktb::core {

/// Whether there is a plugin of this kind and name.
using HasPlugin = std::function<bool(const std::string& kind, const std::string& name)>;

/// Throws SuiteError for a name that neither the suite nor a plugin has, and that is like one of
/// the suite's own: that is a misspelt word. Any other may be a plugin that this machine lacks.
void check_names(const Suite& suite, const HasPlugin& has_plugin);

/// `x.toml:12: r20 = { plugin = "resnt" }`: the first line that asks for this plugin, by its own
/// name or by a definition's; empty: none does.
std::string line_naming(const Suite& suite, const std::string& kind, const std::string& plugin);

/// The same of an option of a plugin that a definition sets.
std::string line_setting(const Suite& suite, const std::string& plugin, const std::string& option);

}  // namespace ktb::core
