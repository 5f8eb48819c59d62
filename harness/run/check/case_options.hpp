#pragma once
#include <map>
#include <string>

#include "ktb/options.hpp"
#include "run/check/case.hpp"

namespace ktb::run {

/// The case's options that a plugin declares; the others describe the original's run. `probe` was
/// given to the plugin's constructor once.
std::map<std::string, Value> case_options(const StoredCase& stored, const Options& probe);
/// All of the case's scalars and lists; tables are left out.
std::map<std::string, Value> plain_options(const StoredCase& stored);

}  // namespace ktb::run
