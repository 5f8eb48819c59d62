#include "launch/share/work_list.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <set>
#include <system_error>
#include <utility>

#include "core/base/digest.hpp"
#include "core/base/error.hpp"
#include "core/base/json_file.hpp"
#include "core/base/output/escape.hpp"
#include "core/base/suggest.hpp"
#include "core/base/text_file.hpp"
#include "core/store/trial_folder.hpp"
#include "launch/lock.hpp"

namespace ktb::launch {
namespace {

namespace fs = std::filesystem;
using core::Json;

constexpr char kBetween = '\t';  // which JSON has none of

/// For names of files and jobs, in which other characters would need quotes somewhere.
std::string plain(std::string name) {
  std::replace_if(
      name.begin(), name.end(),
      [](unsigned char c) { return std::isalnum(c) == 0 && c != '-' && c != '_' && c != '.'; },
      '_');
  return name;
}

WorkSetting setting_of(const PoolOptions& options) {
  WorkSetting setting{options.jobs,   options.threads,      options.quarantine, options.checkpoint,
                      options.device, options.worker_flags, fs::current_path(), {}};
  for (const char* name : {"KTBENCH_DATA", "KTBENCH_PLUGIN_PATH"})
    if (const char* value = std::getenv(name)) setting.environment[name] = value;
  return setting;
}

std::string line_of(const Work& work) {
  const core::Trial& trial = *work.trial;
  const core::StoredTrial stored{trial.spec(), Json::parse(trial.fields())};
  return core::write_json(WorkHead{trial.id, work.group, trial.needs}).dump() + kBetween +
         core::json_text(core::to_json(stored)) + "\n";
}

/// Whoever runs one now keeps what it has.
void forget_outcome(const core::TrialFolder& folder, bool fresh) {
  if (TrialLock::held(folder)) return;
  std::error_code none;
  for (const auto& stale : {folder.record(), folder.progress()}) fs::remove(stale, none);
  if (fresh) fs::remove(folder.checkpoint(), none);
}

template <class T>
T parsed(std::string_view text, const fs::path& file, std::size_t line) {
  const std::string place = fmt::format("{}, line {}", file.string(), line);
  const Json json = core::parse_json(text, place);
  return core::read_json<T>({json, place});
}

}  // namespace

WorkList WorkList::write(const std::string& name, const std::vector<Work>& work,
                         const core::Store& store, const PoolOptions& options) {
  std::string text = core::write_json(setting_of(options)).dump() + "\n";
  for (const Work& one : work) text += line_of(one);
  const fs::path results = fs::absolute(store.results()).lexically_normal();
  const std::string digest = core::sha256_text(results.string() + "\n" + text).substr(0, 12);
  const fs::path file = path(results, plain(name) + "-" + digest);
  fs::create_directories(file.parent_path());
  fs::create_directories(core::TrialFolder::all(results));  // results they are, if none yet
  for (const Work& one : work)
    if (!one.group.empty()) forget_outcome(store.folder(one.trial->id), options.fresh);
  core::write_atomically(file, text);
  return WorkList(file);
}

fs::path WorkList::path(const fs::path& results, const std::string& name) {
  return results / "work" / name / "list";
}

WorkList::WorkList(const fs::path& file)
    : file_(fs::absolute(file).lexically_normal()), text_(core::read_text(file)) {
  std::size_t number = 0;
  for (std::size_t start = 0; start < text_.size();) {
    const std::size_t end = std::min(text_.find('\n', start), text_.size());
    const auto line = std::string_view(text_).substr(start, end - start);
    start = end + 1;
    const auto between = std::min(line.find(kBetween), line.size());
    if (++number == 1) {
      setting_ = parsed<WorkSetting>(line, file_, number);
      continue;
    }
    heads_.push_back(parsed<WorkHead>(line.substr(0, between), file_, number));
    specs_.push_back(line.substr(std::min(between + 1, line.size())));
    index_[heads_.back().id] = heads_.size() - 1;
  }
  if (number == 0)
    throw core::Error(fmt::format("error: {} is empty: `ktbench run --launcher` writes such lists",
                                  file_.string()));
}

fs::path WorkList::results() const { return file_.parent_path().parent_path().parent_path(); }

void WorkList::enter() const {
  std::error_code none;  // where it is not on this machine, paths were absolute, or are not found
  fs::current_path(setting_.folder, none);
  for (const auto& [name, value] : setting_.environment) ::setenv(name.c_str(), value.c_str(), 0);
}

PoolOptions WorkList::options() const {
  PoolOptions options;
  options.jobs = setting_.jobs;
  options.threads = setting_.threads;
  options.quarantine = setting_.quarantine;
  options.checkpoint = setting_.checkpoint;
  options.device = setting_.device;
  options.worker_flags = setting_.worker_flags;
  options.listed = true;
  return options;
}

std::vector<core::Trial> WorkList::of_group(const std::string& group) const {
  std::vector<bool> wanted;
  std::set<std::string> known;
  for (const auto& head : heads_) {
    wanted.push_back(head.group == group);
    if (!head.group.empty()) known.insert(head.group);
  }
  if (!known.contains(group))
    throw core::Error(fmt::format("error: {} has no group `{}`; it has {}", file_.string(), group,
                                  fmt::join(known, ", ")));
  return with_sources(std::move(wanted));
}

std::vector<core::Trial> WorkList::of_trial(const std::string& id) const {
  const auto known = index_.find(id);
  if (known == index_.end()) {
    std::vector<std::string> ids;
    for (const auto& head : heads_) ids.push_back(head.id);
    throw core::Error(fmt::format("error: {} has no trial `{}`{}", file_.string(), id,
                                  core::did_you_mean(id, ids)));
  }
  std::vector<bool> wanted(heads_.size());
  wanted[known->second] = true;
  return with_sources(std::move(wanted));
}

std::vector<core::Trial> WorkList::with_sources(std::vector<bool> wanted) const {
  for (std::size_t i = heads_.size(); i-- > 0;) {
    if (!wanted[i]) continue;
    for (const auto& source : heads_[i].needs)
      if (const auto known = index_.find(source); known != index_.end())
        wanted[known->second] = true;
  }
  std::vector<core::Trial> trials;
  for (std::size_t i = 0; i < heads_.size(); ++i) {
    if (!wanted[i]) continue;
    const std::string place = fmt::format("{}, line {}", file_.string(), i + 2);
    const Json json = core::parse_json(specs_[i], place);
    core::Trial& trial = trials.emplace_back();
    auto spec = core::trial_spec_from_json(json, place);
    trial.id = spec.id;
    trial.key = spec.key;
    trial.keep_weights = spec.keep_weights;
    trial.describe(std::move(spec), json.value("fields", Json()).dump());
    trial.needs = heads_[i].needs;
  }
  return trials;
}

}  // namespace ktb::launch
