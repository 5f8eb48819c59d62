#pragma once
#include <string>
#include <vector>

#include "core/suite/suite.hpp"

namespace ktb::core {

/// Reads a suite with its parents. An empty profile means the file's own choice, `paper` the body.
/// `overrides` are `key=value` texts of --set. Throws SuiteError.
Suite read_suite(const std::string& path, const std::string& profile = "",
                 const std::vector<std::string>& overrides = {});

}  // namespace ktb::core
