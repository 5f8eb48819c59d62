#pragma once
#include <filesystem>
#include <functional>
#include <map>
#include <string>

namespace ktb::fuzz {

/// What reads a file that may hold anything. It may throw core::Error and nothing else.
using Target = std::function<void(const std::filesystem::path&)>;

/// By name; `corpus/NAME/` has files to begin with, among them those that once went wrong.
const std::map<std::string, Target>& targets();

/// Runs a target on a file; what it refuses with our own error is as well as what it takes.
void run(const Target& target, const std::filesystem::path& file);

}  // namespace ktb::fuzz
