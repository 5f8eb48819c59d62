#pragma once
#include <string>

#include "core/base/json.hpp"
#include "core/suite/document.hpp"

namespace ktb::core {

/// A TOML file as a document; its places name the file as `shown`. Throws SuiteError.
Document read_toml(const std::string& path, const std::string& shown);

/// ` (did you mean `suites/tour.toml`?)` of a path where no file is, or nothing.
std::string suite_like(const std::string& path);

/// One `key=value` of --set, put below `prefix`; a value that is not TOML is taken as a text.
Document read_override(const std::string& text, const std::string& prefix = "");

}  // namespace ktb::core
