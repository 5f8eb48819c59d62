#include "app/line/known.hpp"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <map>
#include <optional>
#include <set>

#include "app/session.hpp"
#include "app/suites.hpp"
#include "core/base/error.hpp"
#include "core/base/plugin_file.hpp"
#include "core/suite/read_suite.hpp"

namespace ktb::app {
namespace {

namespace fs = std::filesystem;

std::string value_of(const Line& line, const std::string& option, const std::string& missing) {
  const auto given = line.given.find(option);
  return given == line.given.end() ? missing : given->second;
}

std::optional<core::Suite> suite_of(const Line& line) {
  if (line.words.empty()) return std::nullopt;
  try {
    return core::read_suite(suite_file(line.words.front()), value_of(line, "--profile", ""));
  } catch (const std::exception&) {
    return std::nullopt;  // it is being written
  }
}

Candidates about(const std::set<std::string>& words, const std::string& what) {
  Candidates all;
  for (const auto& word : words)
    if (!word.empty()) all.push_back({word, what});
  return all;
}

void append(Candidates& all, Candidates more) {
  all.insert(all.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

/// As the last plan that a run stored has them, else what its grids name.
std::map<std::string, std::set<std::string>> axes_of(const core::Suite& suite,
                                                     const std::string& results) {
  std::map<std::string, std::set<std::string>> values;
  try {
    if (const auto plan =
            core::Store(results, [](const auto&) {}).load_plan(suite.name, suite.profile))
      for (const auto& cell : plan->cells)
        for (const auto& [axis, value] : cell.axes) values[axis].insert(value);
  } catch (const std::exception&) {
    values.clear();
  }
  if (!values.empty()) return values;
  for (const auto& grid : suite.grids) {
    values["method"].insert(grid.methods.begin(), grid.methods.end());
    values["pair"].insert(grid.pairs.begin(), grid.pairs.end());
    values["dataset"].insert(grid.datasets.begin(), grid.datasets.end());
  }
  return values;
}

}  // namespace

Candidates known_suites() {
  Candidates all;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(".", none))
    if (entry.path().extension() == ".toml")
      all.push_back({entry.path().filename().string(), suite_title(entry.path())});
  std::ranges::sort(all, {}, &Candidate::text);
  for (const auto& [name, title] : named_suites()) all.push_back({name, title});
  return all;
}

Candidates known_plugins(const Line& line, const std::string& kind) {
  Candidates all;
  const std::string folder = value_of(line, "--plugins", "");
  const auto dirs = core::plugin_dirs(folder.empty() ? std::vector<std::string>{}
                                                     : std::vector<std::string>{folder});
  for (const auto& note : core::find_plugins(dirs)) {
    if (!kind.empty() && note.kind != kind) continue;
    all.push_back({note.name, note.summary});
    for (const auto& alias : note.aliases) all.push_back({alias.name, note.summary});
  }
  return all;
}

Candidates known_profiles(const Line& line) {
  Line body = line;
  body.given.erase("--profile");
  const auto suite = suite_of(body);
  if (!suite) return {};
  Candidates all = {{"paper", "the body of the suite"}};
  for (const auto& profile : suite->profiles)
    if (profile != "paper") all.push_back({profile, ""});
  return all;
}

Candidates known_tables(const Line& line) {
  const auto suite = suite_of(line);
  Candidates all;
  if (suite)
    for (const auto& table : suite->tables) all.push_back({table.name, table.title});
  return all;
}

Candidates known_cells(const Line& line) {
  const auto suite = suite_of(line);
  if (!suite) return {};
  auto values = axes_of(*suite, value_of(line, "--results", Site().results));
  Candidates all;
  for (const char* axis : {"method", "pair", "dataset"})
    append(all, about(values[axis],
                      std::string("a ") + (std::string(axis) == "dataset" ? "data set" : axis)));
  return all;
}

Candidates known_trials(const Line& line, const std::string& begin) {
  std::set<std::string> ids;
  if (!begin.empty())
    for (const auto& id : core::Store(value_of(line, "--results", Site().results)).trials())
      if (id.starts_with(begin)) ids.insert(id);
  return about(ids, "a trial");
}

}  // namespace ktb::app
