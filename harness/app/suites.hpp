#pragma once
#include <filesystem>
#include <string>
#include <vector>

namespace ktb::app {

/// Where suites lie: in the working folder, and with this ktbench.
std::vector<std::filesystem::path> suite_folders();

struct NamedSuite {
  std::string name, title;
};
/// What lies there, in the order of names.
std::vector<NamedSuite> named_suites();
/// The first `title = "..."` of a suite's file, which is read no further.
std::string suite_title(const std::filesystem::path& file);

/// The file behind what a command calls a suite: itself, or a name in suite_folders(), such as
/// `quickstart` or `hub/control`; empty: neither.
std::string suite_file(const std::string& named);

/// The same, or a file that is not there, of which its reader speaks. Throws core::Error for the
/// name of nothing.
std::string demand_suite_file(const std::string& named);

}  // namespace ktb::app
