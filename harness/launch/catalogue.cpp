#include "launch/catalogue.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <utility>

#include "core/base/digest.hpp"
#include "core/base/error.hpp"
#include "core/base/json_file.hpp"
#include "core/base/output/print.hpp"
#include "core/base/text_file.hpp"
#include "core/base/version.hpp"
#include "core/base/weights/weights_path.hpp"
#include "core/plan/union_spec.hpp"
#include "launch/machine/equipped.hpp"
#include "launch/process.hpp"

namespace ktb::launch {
namespace {

namespace fs = std::filesystem;
using core::Json;

constexpr auto kHashes = "plugins.json";
constexpr auto kAnswers = "describe.json";

/// Empty where the file is missing, was cut off or has another layout: the cache then fills anew.
template <class T>
T read_cache(const fs::path& path) {
  if (!fs::exists(path)) return {};
  try {
    const Json json = core::parse_json(core::read_text(path), path.filename().string());
    return core::read_json<T>({json, path.filename().string()});
  } catch (const core::Error& error) {
    core::print(stderr, "left out and made anew: {}/{}\n", path.parent_path().string(),
                error.what());
    return {};
  }
}

/// A cache that cannot be written costs time only.
template <class T>
void write_cache(const fs::path& path, const T& cache) {
  try {
    fs::create_directories(path.parent_path());
    core::write_atomically(path, core::write_json(cache).dump());
  } catch (const std::exception&) {
    return;
  }
}

/// Changes whenever the file is written anew; empty where there is none.
std::string stamp(const std::string& path) {
  const auto now = core::stamp_of(path);
  return now.size < 0 ? ""
                      : fmt::format("{}.{}.{}.{}", now.size, now.written, now.changed, now.inode);
}

/// Whether a data set's files, and the places where some were missing, are as they were.
bool unchanged(const std::vector<core::FileStamp>& files) {
  return std::ranges::all_of(
      files, [](const core::FileStamp& file) { return core::stamp_of(file.path) == file; });
}

/// Changes whenever a file of these weights is written anew.
std::string weights_stamp(const core::ModelQuestion& asked) {
  if (asked.weights.empty()) return "";
  std::string text = asked.weights + " " + asked.prefix + (asked.as_is ? " as it is" : "");
  try {
    for (const auto& file : core::files_of_weights(asked.weights)) text += " " + stamp(file);
  } catch (const core::Error&) {
    text += " " + stamp(asked.weights);  // what is wrong with them the worker says
  }
  for (const auto& site : asked.sites) text += " " + site;
  return text;
}

/// What stays true beyond this command: neither faults nor missing data,
/// which the user is about to mend.
AnswerCache lasting(AnswerCache cache) {
  const auto fails = [](const auto& one) { return one.second.error.has_value(); };
  std::erase_if(cache.datasets, [&](const auto& one) { return fails(one) || !one.second.found; });
  std::erase_if(cache.models, [&](const auto& one) {
    return fails(one) || (one.second.weights && !one.second.weights->fault.empty());
  });
  std::erase_if(cache.methods, fails);
  std::erase_if(cache.pairings, fails);
  return cache;
}

/// Trials are keyed by this program's build, so the worker must be of the same.
void check_build(const std::string& theirs, const std::string& worker) {
  if (theirs == core::build_hash()) return;
  throw core::Error(
      fmt::format("error: {} is of another build of the harness ({}) than this ktbench ({}): build "
                  "both again (scripts/build)",
                  worker, theirs, core::build_hash()));
}

/// A plugin that the worker could not load is no hole in a table: the command ends.
void refuse_unloadable(const core::DescribeAnswers& answers) {
  const auto check = [](const auto& section) {
    for (const auto& [id, answer] : section)
      if (answer.error && answer.error->message.starts_with("cannot load plugin"))
        throw core::PluginError(answer.error->message);
  };
  check(answers.datasets);
  check(answers.models);
  check(answers.methods);
}

/// The value of a map's key; a fresh one where there is none.
template <class T>
T value_of(const std::map<std::string, T>& map, const std::string& key) {
  const auto found = map.find(key);
  return found != map.end() ? found->second : T();
}

/// The parts of `request` that lack an answer, and what these refer to.
core::DescribeRequest still_open(const core::DescribeRequest& request, const Known& known) {
  core::DescribeRequest open;
  for (std::size_t i = 0; i < request.pairings.size(); ++i) {
    if (known.pairings[i]) continue;
    const auto& pairing = open.pairings.emplace_back(request.pairings[i]);
    open.methods[pairing.method] = request.methods.at(pairing.method);
    open.datasets[pairing.task] = request.datasets.at(pairing.task);
    if (pairing.target) open.models[*pairing.target] = request.models.at(*pairing.target);
    for (const auto& source : pairing.sources) open.models[source] = request.models.at(source);
  }
  const auto need = [](const auto& asked, const auto& answers, auto& section) {
    for (const auto& [id, part] : asked)
      if (!answers.contains(id)) section[id] = part;
  };
  need(request.models, known.models, open.models);
  need(request.methods, known.methods, open.methods);
  need(request.datasets, known.datasets, open.datasets);
  for (const auto& [id, model] : open.models)
    open.datasets[model.dataset] = request.datasets.at(model.dataset);
  return open;
}

/// A file of that name without a readable note: better said than "no such plugin".
void refuse_unreadable(const fs::path& dir, const std::string& kind, const std::string& name) {
  for (const auto& path : {dir / (name + ".so"), dir / (kind + "s") / (name + ".so")}) {
    if (!fs::exists(path)) continue;
    try {
      const auto note = core::read_plugin_note(path.string());
      if (note.kind != kind) continue;
    } catch (const core::Error& error) {
      throw core::PluginError(fmt::format("cannot load plugin `{}`: {}", name, error.what()));
    }
  }
}

}  // namespace

WorkerCatalogue::WorkerCatalogue(CatalogueOptions options)
    : options_(std::move(options)), notes_(core::find_plugins(options_.plugin_dirs)) {
  hashes_ = read_cache<decltype(hashes_)>(fs::path(options_.cache) / kHashes);
  answers_ = read_cache<AnswerCache>(fs::path(options_.cache) / kAnswers);
  // Another worker may answer otherwise, and a ktbench of another build may not believe this one.
  const auto worker = fmt::format("{} {}", stamp(options_.worker), core::build_hash());
  if (answers_.worker != worker) answers_ = {worker, {}, {}, {}, {}, {}};
}

WorkerCatalogue::~WorkerCatalogue() {
  if (hashes_changed_) write_cache(fs::path(options_.cache) / kHashes, hashes_);
}

std::optional<core::PluginFile> WorkerCatalogue::find(const std::string& kind,
                                                      const std::string& name) {
  const auto [known, fresh] = found_.try_emplace(kind + " " + name);
  if (!fresh) {
    if (known->second) known->second->paths = value_of(answers_.paths, known->second->hash);
    return known->second;
  }
  if (const auto [note, preset] = core::find_plugin(notes_, kind, name); note != nullptr) {
    core::check_abi(*note);
    known->second = {kind,          note->name,     note->path, hash_of(note->path),
                     note->summary, note->citation, preset,     {}};
    known->second->paths = value_of(answers_.paths, known->second->hash);
    return known->second;
  }
  for (const auto& dir : options_.plugin_dirs) refuse_unreadable(dir, kind, name);
  return std::nullopt;
}

std::vector<std::string> WorkerCatalogue::names(const std::string& kind) {
  return core::plugin_names(notes_, kind);
}

std::string WorkerCatalogue::hash_of(const std::string& path) {
  const auto now = stamp(path);
  HashedFile& known = hashes_[path];
  if (known.stamp != now || now.empty()) {
    known = {now, core::plugin_hash(path)};
    hashes_changed_ = true;
  }
  return known.hash;
}

std::string WorkerCatalogue::plugin_key(const std::string& kind, const core::PluginQuestion& part) {
  if (kind == "dataset" && part.plugin == core::kUnion) {
    std::string key = part.options.dump();
    for (const auto& piece : core::union_of(part.options).parts)
      key += plugin_key(kind, {piece.plugin, piece.options});
    return key;
  }
  const auto file = find(kind, part.plugin);
  if (!file) return fmt::format("{} {}", kind, part.options.dump());
  std::string key = fmt::format("{} {} {}", kind, file->hash, part.options.dump());
  for (const auto& option : file->paths)
    if (const auto given = part.options.find(option);
        given != part.options.end() && given->is_string())
      key += " " + stamp(given->get<std::string>());
  return key;
}

WorkerCatalogue::Keys WorkerCatalogue::keys_of(
    const core::DescribeRequest& request,
    const std::map<std::string, core::DatasetAnswer>& datasets) {
  const auto short_hash = [](const std::string& text) {
    return core::sha256_text(text).substr(0, 24);
  };
  Keys keys;
  const char* data = std::getenv("KTBENCH_DATA");
  const std::string places =
      fmt::format("{}\n{}", fmt::join(options_.data_dirs, "\n"), data != nullptr ? data : "");
  for (const auto& [id, part] : request.datasets)
    keys.datasets[id] = short_hash(plugin_key("dataset", part) + places);
  for (const auto& [id, part] : request.methods)
    keys.methods[id] = short_hash(plugin_key("method", part));
  for (const auto& [id, part] : request.models)
    keys.models[id] =
        short_hash(plugin_key("model", part) + part.task + value_of(keys.datasets, part.dataset) +
                   value_of(datasets, part.dataset).hash + weights_stamp(part));
  for (const auto& pairing : request.pairings) {
    std::string key =
        value_of(keys.methods, pairing.method) + value_of(keys.datasets, pairing.task) +
        value_of(keys.models, pairing.target.value_or("")) + core::write_json(pairing.modes).dump();
    for (const auto& source : pairing.sources) key += value_of(keys.models, source);
    keys.pairings.push_back(short_hash(key));
  }
  return keys;
}

Known WorkerCatalogue::kept_answers(const core::DescribeRequest& request) {
  Known known;
  const auto take = [](const auto& kept, const auto& keys, auto& answers) {
    for (const auto& [id, key] : keys)
      if (const auto answer = kept.find(key); answer != kept.end()) answers[id] = answer->second;
  };
  take(answers_.datasets, keys_of(request, {}).datasets, known.datasets);
  std::erase_if(known.datasets, [](const auto& one) {
    return !unchanged(one.second.files) || !unchanged(one.second.watched);
  });
  const Keys keys = keys_of(request, known.datasets);
  take(answers_.models, keys.models, known.models);
  take(answers_.methods, keys.methods, known.methods);
  for (const auto& key : keys.pairings) {
    const auto answer = answers_.pairings.find(key);
    known.pairings.push_back(answer != answers_.pairings.end() ? std::optional(answer->second)
                                                               : std::nullopt);
  }
  return known;
}

void WorkerCatalogue::learn_paths(const core::DescribeRequest& request,
                                  const core::DescribeAnswers& answers) {
  const auto learn = [&](const char* kind, const auto& asked, const auto& answered) {
    for (const auto& [id, answer] : answered)
      if (const auto file = find(kind, asked.at(id).plugin); file && !answer.paths.empty())
        answers_.paths[file->hash] = answer.paths;
  };
  learn("dataset", request.datasets, answers.datasets);
  learn("model", request.models, answers.models);
  learn("method", request.methods, answers.methods);
}

void WorkerCatalogue::keep(const core::DescribeRequest& request,
                           const core::DescribeAnswers& answers) {
  const Keys keys = keys_of(request, answers.datasets);
  for (const auto& [id, key] : keys.datasets) answers_.datasets[key] = answers.datasets.at(id);
  for (const auto& [id, key] : keys.models) answers_.models[key] = answers.models.at(id);
  for (const auto& [id, key] : keys.methods) answers_.methods[key] = answers.methods.at(id);
  for (std::size_t i = 0; i < keys.pairings.size(); ++i)
    answers_.pairings[keys.pairings[i]] = answers.pairings[i];
  write_cache(fs::path(options_.cache) / kAnswers, lasting(answers_));
}

core::DescribeAnswers WorkerCatalogue::ask_worker(const core::DescribeRequest& request) {
  ++asked_;
  std::vector<std::string> command = {equipped(options_.worker), "describe"};
  command.insert(command.end(), options_.worker_flags.begin(), options_.worker_flags.end());
  const Answer answer = ask(command, core::write_json(request).dump());
  if (answer.exit.code != 0 || answer.exit.signal != 0) {
    const std::string how = answer.exit.signal != 0 ? signal_name(answer.exit.signal)
                                                    : fmt::format("exit code {}", answer.exit.code);
    throw core::Error(fmt::format("error: `{}` could not describe the plugins ({})\n{}",
                                  shell_line(command), how, answer.errors));
  }
  const std::string who = "ktbench-worker describe";
  const Json json = core::parse_json(answer.output, who);
  const core::JsonView view(json, who);
  check_build(core::read_json<core::AnsweringBuild>(view).build, options_.worker);
  return core::read_json<core::DescribeAnswers>(view);
}

core::DescribeAnswers WorkerCatalogue::describe(const core::DescribeRequest& request) {
  Known known = kept_answers(request);
  const auto open = still_open(request, known);
  auto answers = open.empty() ? core::DescribeAnswers() : ask_worker(open);
  refuse_unloadable(answers);
  learn_paths(request, answers);
  std::size_t next = 0;
  for (auto& pairing : known.pairings)
    if (!pairing) pairing = answers.pairings.at(next++);
  answers.pairings.clear();
  for (auto& pairing : known.pairings) answers.pairings.push_back(std::move(*pairing));
  answers.datasets.merge(known.datasets);
  answers.models.merge(known.models);
  answers.methods.merge(known.methods);
  if (!open.empty()) keep(request, answers);
  return answers;
}

}  // namespace ktb::launch
