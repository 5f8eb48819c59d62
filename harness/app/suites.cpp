#include "app/suites.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <map>

#include "core/base/error.hpp"
#include "core/base/suggest.hpp"
#include "launch/process.hpp"

namespace ktb::app {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> names() {
  std::vector<std::string> all;
  for (const auto& suite : named_suites()) all.push_back(suite.name);
  return all;
}

}  // namespace

std::vector<fs::path> suite_folders() {
  const fs::path home = fs::path(launch::beside_this("")).parent_path().parent_path();
  std::vector<fs::path> folders;
  std::error_code none;
  for (const fs::path& folder :
       {fs::path("suites"), home / "share/ktbench/suites", home.parent_path() / "suites"})
    if (fs::is_directory(folder, none) && std::ranges::none_of(folders, [&](const auto& one) {
          return fs::equivalent(one, folder, none);
        }))
      folders.push_back(folder);
  return folders;
}

std::vector<NamedSuite> named_suites() {
  std::map<std::string, std::string> titles;
  std::error_code none;
  for (const auto& folder : suite_folders())
    for (const auto& entry : fs::recursive_directory_iterator(folder, none))
      if (entry.path().extension() == ".toml")
        titles.try_emplace(entry.path().lexically_relative(folder).replace_extension().string(),
                           suite_title(entry.path()));
  std::vector<NamedSuite> all;
  for (const auto& [name, title] : titles) all.push_back({name, title});
  return all;
}

std::string suite_title(const fs::path& suite) {
  std::ifstream file(suite);
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("title")) continue;
    const auto from = line.find('"'), to = line.rfind('"');
    if (from < to) return line.substr(from + 1, to - from - 1);
  }
  return "";
}

std::string suite_file(const std::string& named) {
  std::error_code none;
  if (fs::is_regular_file(named, none)) return named;
  for (const auto& folder : suite_folders())
    for (const char* ending : {".toml", ""})
      if (const auto file = folder / (named + ending); fs::is_regular_file(file, none))
        return file.string();
  return "";
}

std::string demand_suite_file(const std::string& named) {
  if (const auto file = suite_file(named); !file.empty()) return file;
  if (named.ends_with(".toml")) return named;
  throw core::Error(fmt::format(
      "error: there is neither a file `{0}` nor a suite of that name{1}; `ktbench list suites` "
      "names those that are here",
      named, core::did_you_mean(named, names())));
}

}  // namespace ktb::app
