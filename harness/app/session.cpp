#include "app/session.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <string_view>

#include "app/command.hpp"
#include "app/places.hpp"
#include "app/suites.hpp"
#include "core/base/clock.hpp"
#include "core/base/error.hpp"
#include "core/base/glob.hpp"
#include "core/base/output/print.hpp"
#include "core/base/plugin_file.hpp"
#include "core/base/suggest.hpp"
#include "core/plan/make_plan.hpp"
#include "core/store/accept.hpp"
#include "core/suite/read_suite.hpp"
#include "core/table/pick.hpp"
#include "core/table/published.hpp"
#include "launch/process.hpp"

namespace ktb::app {
namespace {

namespace fs = std::filesystem;

constexpr auto kSmoke = ".smoke";  // a stored plan of two-step trials stands beside the real one

bool names(const core::Cell& cell, const std::string& word) {
  for (const auto& [axis, value] : cell.axes)
    if (core::glob_match(word, value)) return true;
  const auto axis = [&](const char* name) {
    const auto found = cell.axes.find(name);
    return found != cell.axes.end() ? found->second : "";
  };
  if (core::glob_match(word, axis("method") + " " + axis("pair"))) return true;
  return std::any_of(cell.samples.begin(), cell.samples.end(), [&](const core::Sample& sample) {
    const auto trials = core::candidates_of(sample);
    return std::any_of(trials.begin(), trials.end(),
                       [&](const auto& trial) { return core::glob_match(word, trial); });
  });
}

constexpr std::string_view kFilter = "--filter ", kSet = "--set ";

/// How a stored plan is not that of the suite as it is written; empty: it is.
std::string difference(const core::Plan& stored, const core::Suite& suite) {
  const bool changed = stored.suite_digest != suite.digest;
  if (!changed && stored.narrowed.empty()) return "";
  std::string text = "as planned";
  if (!stored.made.empty()) text += " on " + stored.made;
  if (!stored.narrowed.empty()) text += fmt::format(" with {}", fmt::join(stored.narrowed, " "));
  return text + (changed ? ", before the suite changed" : "");
}

/// How to look at a run whose command line said more than the suite.
std::string hint(const core::Plan& stored) {
  if (stored.narrowed.empty()) return "";
  return fmt::format("; the same options show that run: {}", fmt::join(stored.narrowed, " "));
}

std::vector<std::string> words_of(const core::Plan& plan) {
  std::set<std::string> words;
  for (const auto& cell : plan.cells)
    for (const auto& [axis, value] : cell.axes) words.insert(value);
  return {words.begin(), words.end()};
}

}  // namespace

void add_device_to(CLI::App& command, std::string& device) {
  command
      .add_option("--device", device,
                  "cpu, cuda, or mock: a GPU that is none, slow, for tests of one's own code")
      ->check(CLI::IsMember({"cpu", "cuda", "mock"}))
      ->capture_default_str();
}

core::Store results_in(const std::string& folder) {
  if (!std::filesystem::is_directory(core::TrialFolder::all(folder)))
    throw core::Error(fmt::format(
        "error: {} is no folder of results: it has no folder `trials`, as `results` has", folder));
  return core::Store(folder);
}

void Site::add_to(CLI::App& command) {
  command.add_option("--results", results, "folder of records, plans and reports")
      ->capture_default_str();
  command.add_option("--plugins", plugins, "a further folder with plugins (repeatable)")
      ->allow_extra_args(false);
  command
      .add_option("--data-dir", data_dirs,
                  "a folder with data sets, looked at before all others (repeatable)")
      ->check(CLI::ExistingDirectory)
      ->allow_extra_args(false);
}

std::string Site::worker() const {
  const auto path = launch::beside_this("ktbench-worker");
  if (!fs::exists(path))
    throw core::Error(fmt::format("error: {} is missing: run scripts/build", path));
  return path;
}

std::vector<std::string> Site::worker_flags() const {
  std::vector<std::string> flags;
  for (const auto& dir : plugins) flags.insert(flags.end(), {"--plugins", fs::absolute(dir)});
  for (const auto& dir : data_dirs) flags.insert(flags.end(), {"--data-dir", place_of(dir)});
  return flags;
}

std::unique_ptr<launch::WorkerCatalogue> Site::catalogue() const {
  std::vector<std::string> places;
  for (const auto& dir : data_dirs) places.push_back(place_of(dir));
  return std::make_unique<launch::WorkerCatalogue>(launch::CatalogueOptions{
      core::plugin_dirs(plugins), places, worker(), worker_flags(), results + "/cache"});
}

void Choice::add_to(CLI::App& command) {
  command
      .add_option("suite", suite,
                  "a suite file, or the name of one of those in `ktbench list suites`")
      ->required();
  add_options_to(command);
}

void Choice::add_options_to(CLI::App& command) {
  command.add_option("--profile", profile, "of the suite; `paper` is its body");
  add_device_to(command, device);
  command.add_flag("--smoke", smoke, "two steps and one evaluation of every cell");
  command
      .add_option("--filter", filters,
                  "only cells with an axis value or `method pair` like this glob (repeatable)")
      ->allow_extra_args(false);
  command.add_option("--set", overrides, "key=value, over everything in the suite (repeatable)")
      ->allow_extra_args(false);
  site.add_to(command);
}

CLI::Option* Choice::add_accept_to(CLI::App& command) {
  return command
      .add_option("--accept", accepted,
                  "reuse records that differ in nothing else: build (the harness' code), libtorch; "
                  "tables say so (repeatable)")
      ->check(CLI::IsMember(core::acceptable()))
      ->delimiter(',')
      ->allow_extra_args(false);
}

void Choice::take(const core::Plan& plan) {
  suite = plan.file;
  profile = plan.profile;
  device = plan.device;
  smoke = profile.ends_with(kSmoke);
  if (smoke) profile.resize(profile.size() - std::string(kSmoke).size());
  for (const auto& option : plan.narrowed) {
    if (option.starts_with(kFilter)) filters.push_back(option.substr(kFilter.size()));
    if (option.starts_with(kSet)) overrides.push_back(option.substr(kSet.size()));
  }
}

std::vector<std::string> Choice::words() const {
  std::vector<std::string> all = {fs::absolute(demand_suite_file(suite)), "--device", device,
                                  "--results", fs::absolute(site.results)};
  const auto add = [&](const char* option, const std::vector<std::string>& values) {
    for (const auto& value : values) all.insert(all.end(), {option, value});
  };
  if (!profile.empty()) add("--profile", {profile});
  if (smoke) all.push_back("--smoke");
  add("--filter", filters);
  add("--set", overrides);
  add("--accept", accepted);
  const auto places = site.worker_flags();
  all.insert(all.end(), places.begin(), places.end());
  return all;
}

core::Suite Choice::read() const {
  return core::read_suite(demand_suite_file(suite), profile, overrides);
}

core::Plan Choice::plan(core::Catalogue& catalogue) const {
  const core::Suite suite_read = read();
  core::Plan plan = core::make_plan(suite_read, catalogue, {device, smoke, filters});
  for (auto& note : core::check_published(suite_read, site.results))
    plan.warnings.push_back(std::move(note));
  if (smoke) plan.profile += kSmoke;
  for (const auto& filter : filters) plan.narrowed.push_back(std::string(kFilter) + filter);
  for (const auto& change : overrides) plan.narrowed.push_back(std::string(kSet) + change);
  plan.made = core::utc_now();
  for (auto& note : notes_on_places(plan, site.data_dirs)) plan.warnings.push_back(std::move(note));
  core::accept(plan, site.store(), accepted);
  return plan;
}

std::optional<core::Plan> Choice::stored_plan() const { return stored_plan(read()); }

std::optional<core::Plan> Choice::stored_plan(const core::Suite& chosen) const {
  return site.store().load_plan(chosen.name, chosen.profile + (smoke ? kSmoke : ""));
}

/// Made for looking only: what is missing is said, and its entries say so too.
core::Plan Choice::plan_to_look_at() const {
  core::Plan made = plan(*site.catalogue());
  for (const auto& missing : made.missing) core::print(stderr, "warning: {}\n", missing.message);
  return made;
}

core::Plan Choice::last_plan(IfChanged if_changed) const {
  const bool as_written = filters.empty() && overrides.empty() && accepted.empty();
  if (!as_written) return plan_to_look_at();
  const core::Suite chosen = read();
  auto stored = stored_plan(chosen);
  if (!stored) return plan_to_look_at();
  const std::string why = difference(*stored, chosen);
  if (why.empty()) return std::move(*stored);
  if (if_changed == IfChanged::kPlanAnew) return planned_again(std::move(*stored), why);
  stored->caveat = why;
  core::print(stderr, "note: in {}, {} is {}\n", site.results, suite, why);
  return std::move(*stored);
}

core::Plan Choice::planned_again(core::Plan stored, const std::string& why) const {
  Choice anew = *this;
  anew.device = stored.device;
  std::string fault;
  try {
    core::Plan now = anew.plan(*site.catalogue());
    if (now.missing.empty()) {
      core::print(stderr,
                  "note: planned anew; what ran last is {} {}{}\n  of an entry that is gone, "
                  "`ktbench why` says what changed\n",
                  suite, why, hint(stored));
      return now;
    }
    for (const auto& missing : now.missing) fault += "\n  " + missing.what();
  } catch (const core::Error& error) {
    fault = std::string("\n  ") + error.what();
  }
  core::print(stderr, "warning: {} cannot be planned here, so this is {}{}\n", suite, why, fault);
  stored.caveat = why;
  return stored;
}

int refuse_missing(const core::Plan& plan, const std::vector<const core::Trial*>& trials) {
  if (plan.missing.empty() || trials.empty()) return kOk;
  for (const auto& missing : plan.missing) core::print(stderr, "error: {}\n", missing.message);
  return kBadUsage;
}

std::vector<const core::Cell*> cells_named(const core::Plan& plan,
                                           const std::vector<std::string>& words) {
  std::vector<const core::Cell*> found;
  for (const auto& cell : plan.cells)
    if (std::all_of(words.begin(), words.end(),
                    [&](const std::string& word) { return names(cell, word); }))
      found.push_back(&cell);
  if (!found.empty()) return found;
  const auto known = words_of(plan);
  std::string hints;
  for (const auto& word : words)
    if (std::none_of(plan.cells.begin(), plan.cells.end(),
                     [&](const core::Cell& cell) { return names(cell, word); }))
      hints +=
          fmt::format("\n  `{}` is none of its words{}", word, core::did_you_mean(word, known));
  throw core::Error(fmt::format("error: {} has no cell `{}`{}\n  its words: {}", plan.file,
                                fmt::join(words, "` `"), hints, fmt::join(known, ", ")));
}

std::string title(const core::Cell& cell) {
  std::vector<std::string> parts;
  for (const char* axis : {"method", "pair", "dataset", "labels"})
    if (const auto found = cell.axes.find(axis); found != cell.axes.end() && !found->second.empty())
      parts.push_back(std::string(axis) == "labels" ? "labels " + found->second : found->second);
  for (const auto& [axis, value] : cell.axes)
    if (axis.rfind("option.", 0) == 0) parts.push_back(axis.substr(7) + " = " + value);
  return fmt::format("{}", fmt::join(parts, ", "));
}

}  // namespace ktb::app
