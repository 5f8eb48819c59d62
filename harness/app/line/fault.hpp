#pragma once
#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace ktb::app {

/// What is wrong with a command line that could not be read, the nearest word that would have done,
/// and which help says more.
std::string fault_of(CLI::App& root, const std::vector<std::string>& words,
                     const CLI::ParseError& error);

}  // namespace ktb::app
