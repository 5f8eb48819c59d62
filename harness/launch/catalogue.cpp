#include "launch/catalogue.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <utility>

#include "core/base/digest.hpp"
#include "core/base/error.hpp"
#include "core/base/text_file.hpp"
#include "core/base/version.hpp"
#include "launch/process.hpp"

namespace ktb::launch {
namespace {

namespace fs = std::filesystem;
using core::Json;

constexpr auto kHashes = "plugins.json";
constexpr auto kAnswers = "describe.json";

/// Empty where the file is missing or was cut off: the cache then fills anew.
Json read_json(const fs::path& path) {
  std::ifstream file(path);
  const Json json = Json::parse(file, nullptr, false);
  return json.is_object() ? json : Json::object();
}

void write_json(const fs::path& path, const Json& json) {
  fs::create_directories(path.parent_path());
  core::write_atomically(path, json.dump());
}

/// Changes whenever the file is written anew; empty where there is none.
std::string stamp(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return "";
  return fmt::format("{}.{}.{}.{}", info.st_size, info.st_mtim.tv_sec, info.st_mtim.tv_nsec,
                     info.st_ino);
}

double seconds_of(const struct stat& info) {
  return static_cast<double>(info.st_mtim.tv_sec) +
         1e-9 * static_cast<double>(info.st_mtim.tv_nsec);
}

/// Whether a data set's files are still those whose hashes were taken; of size -1 are those that
/// were not there.
bool unchanged(const Json& files) {
  for (const auto& file : files) {
    struct stat info {};
    if (::stat(file.value("path", "").c_str(), &info) != 0) {
      if (file.value("size", 0.0) >= 0) return false;
      continue;
    }
    if (static_cast<double>(info.st_size) != file.value("size", 0.0)) return false;
    if (std::abs(seconds_of(info) - file.value("mtime", 0.0)) > 1) return false;
  }
  return true;
}

/// What stays true beyond this command: neither faults nor missing data,
/// which the user is about to mend.
Json lasting(Json answers) {
  for (auto& [section, parts] : answers.items()) {
    if (!parts.is_object()) continue;
    for (auto part = parts.begin(); part != parts.end();) {
      const bool found = section != "datasets" || part->value("found", false);
      part = part->contains("error") || !found ? parts.erase(part) : std::next(part);
    }
  }
  return answers;
}

/// Trials are keyed by this program's build, so the worker must be of the same.
void check_build(const Json& answers, const std::string& worker) {
  const auto theirs = answers.value("build", "an older version");
  if (theirs == core::build_hash()) return;
  throw core::Error(
      fmt::format("error: {} is of another build of the harness ({}) than this ktbench ({}): build "
                  "both again (scripts/build)",
                  worker, theirs, core::build_hash()));
}

/// A plugin that the worker could not load is no hole in a table: the command ends.
void refuse_unloadable(const Json& answers) {
  for (const char* section : {"datasets", "models", "methods"}) {
    const Json part = answers.value(section, Json::object());
    for (const auto& [id, answer] : part.items()) {
      const std::string message = answer.value("error", Json::object()).value("message", "");
      if (message.rfind("cannot load plugin", 0) == 0) throw core::PluginError(message);
    }
  }
}

std::string text_of(const Json& value) { return value.is_string() ? value.get<std::string>() : ""; }

/// The parts of `request` that lack an answer, and what these refer to.
Json still_open(const Json& request, const Json& answers) {
  Json open = {{"datasets", Json::object()},
               {"models", Json::object()},
               {"methods", Json::object()},
               {"pairings", Json::array()}};
  const auto need = [&](const char* section, const std::string& id) {
    if (!id.empty()) open[section][id] = request.at(section).at(id);
  };
  for (std::size_t i = 0; i < request.at("pairings").size(); ++i) {
    if (!answers.at("pairings").at(i).is_null()) continue;
    const Json& pairing = request.at("pairings").at(i);
    need("methods", text_of(pairing.at("method")));
    need("datasets", text_of(pairing.at("task")));
    need("models", text_of(pairing.value("target", Json())));
    for (const auto& source : pairing.at("sources")) need("models", text_of(source));
    open["pairings"].push_back(pairing);
  }
  for (const char* section : {"models", "methods", "datasets"})
    for (const auto& [id, part] : request.at(section).items())
      if (!answers.at(section).contains(id)) need(section, id);
  for (const auto& [id, model] : open["models"].items())
    need("datasets", text_of(model.value("dataset", Json())));
  return open;
}

bool is_empty(const Json& request) {
  for (const auto& section : request)
    if (!section.empty()) return false;
  return true;
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
  hashes_ = read_json(fs::path(options_.cache) / kHashes);
  answers_ = read_json(fs::path(options_.cache) / kAnswers);
  // Another worker may answer otherwise, and a ktbench of another build may not believe this one.
  const auto worker = fmt::format("{} {}", stamp(options_.worker), core::build_hash());
  if (text_of(answers_["worker"]) != worker) answers_ = {{"worker", worker}};
}

WorkerCatalogue::~WorkerCatalogue() {
  try {
    if (hashes_changed_) write_json(fs::path(options_.cache) / kHashes, hashes_);
  } catch (const std::exception&) {
    // A cache that cannot be written costs time only.
  }
}

std::optional<core::PluginFile> WorkerCatalogue::find(const std::string& kind,
                                                      const std::string& name) {
  const auto [known, fresh] = found_.try_emplace(kind + " " + name);
  if (!fresh) return known->second;
  if (const auto [note, preset] = core::find_plugin(notes_, kind, name); note != nullptr) {
    core::check_abi(*note);
    known->second = {kind,          note->name,     note->path, hash_of(note->path),
                     note->summary, note->citation, preset};
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
  Json& known = hashes_[path];
  if (known.is_object() && known.value("stamp", "") == now) return known.at("hash");
  known = {{"stamp", now}, {"hash", core::plugin_hash(path)}};
  hashes_changed_ = true;
  return known.at("hash");
}

std::string WorkerCatalogue::plugin_key(const std::string& kind, const Json& part) {
  const auto file = find(kind, part.at("plugin"));
  return fmt::format("{} {} {}", kind, file ? file->hash : "",
                     part.value("options", Json::object()).dump());
}

WorkerCatalogue::Keys WorkerCatalogue::keys_of(const Json& request, const Json& datasets) {
  Keys keys = {{"datasets", {}}, {"models", {}}, {"methods", {}}, {"pairings", {}}};
  const auto key_of = [&keys](const char* section, const Json& id) {
    const auto known = keys[section].find(text_of(id));
    return known != keys[section].end() ? known->second : "";
  };
  const char* data = std::getenv("KTBENCH_DATA");
  const std::string places = Json(options_.data_dirs).dump() + (data != nullptr ? data : "");
  for (const auto& [id, part] : request.at("datasets").items())
    keys["datasets"][id] = plugin_key("dataset", part) + places;
  for (const auto& [id, part] : request.at("methods").items())
    keys["methods"][id] = plugin_key("method", part);
  for (const auto& [id, part] : request.at("models").items()) {
    const Json dataset = part.value("dataset", Json());
    const Json answer = datasets.value(text_of(dataset), Json::object());
    keys["models"][id] = plugin_key("model", part) + part.value("task", "") +
                         key_of("datasets", dataset) + text_of(answer.value("hash", Json()));
  }
  for (std::size_t i = 0; i < request.at("pairings").size(); ++i) {
    const Json& pairing = request.at("pairings").at(i);
    std::string key =
        key_of("methods", pairing.at("method")) + key_of("datasets", pairing.at("task")) +
        key_of("models", pairing.value("target", Json())) + pairing.at("modes").dump();
    for (const auto& source : pairing.at("sources")) key += key_of("models", source);
    keys["pairings"][std::to_string(i)] = key;
  }
  for (auto& [section, ids] : keys)
    for (auto& [id, key] : ids) key = core::sha256_text(key).substr(0, 24);
  return keys;
}

std::optional<Json> WorkerCatalogue::kept(const std::string& section,
                                          const std::string& key) const {
  const auto part = answers_.find(section);
  if (part == answers_.end() || !part->contains(key)) return std::nullopt;
  const Json& answer = part->at(key);
  if (section == "datasets" && !(unchanged(answer.value("files", Json::array())) &&
                                 unchanged(answer.value("watched", Json::array()))))
    return std::nullopt;
  return answer;
}

Json WorkerCatalogue::kept_answers(const Json& request) {
  Json answers = {{"datasets", Json::object()},
                  {"models", Json::object()},
                  {"methods", Json::object()},
                  {"pairings", Json::array()}};
  const Keys datasets = keys_of(request, Json::object());
  for (const auto& [id, part] : request.at("datasets").items())
    if (auto answer = kept("datasets", datasets.at("datasets").at(id)))
      answers["datasets"][id] = *answer;
  Keys keys = keys_of(request, answers["datasets"]);
  for (const char* section : {"models", "methods"})
    for (const auto& [id, part] : request.at(section).items())
      if (auto answer = kept(section, keys[section][id])) answers[section][id] = *answer;
  for (std::size_t i = 0; i < request.at("pairings").size(); ++i)
    answers["pairings"].push_back(
        kept("pairings", keys["pairings"][std::to_string(i)]).value_or(nullptr));
  return answers;
}

void WorkerCatalogue::keep(const Json& request, const Json& answers) {
  const Keys keys = keys_of(request, answers.at("datasets"));
  for (const auto& [section, ids] : keys)
    for (const auto& [id, key] : ids) {
      const Json& part = answers.at(section);
      const Json& answer = part.is_array() ? part.at(std::stoul(id)) : part.at(id);
      answers_[section][key] = answer;
    }
  try {
    write_json(fs::path(options_.cache) / kAnswers, lasting(answers_));
  } catch (const std::exception&) {
    // A cache that cannot be written costs time only.
  }
}

Json WorkerCatalogue::ask_worker(const Json& request) {
  ++asked_;
  std::vector<std::string> command = {options_.worker, "describe"};
  command.insert(command.end(), options_.worker_flags.begin(), options_.worker_flags.end());
  const Answer answer = ask(command, request.dump());
  const Json json = Json::parse(answer.output, nullptr, false);
  if (answer.exit.code == 0 && answer.exit.signal == 0 && json.is_object()) return json;
  const std::string how = answer.exit.signal != 0 ? signal_name(answer.exit.signal)
                                                  : fmt::format("exit code {}", answer.exit.code);
  throw core::Error(fmt::format("error: `{}` could not describe the plugins ({})\n{}",
                                shell_line(command), how, answer.errors));
}

Json WorkerCatalogue::describe(const Json& asked) {
  Json request = {{"datasets", Json::object()},
                  {"models", Json::object()},
                  {"methods", Json::object()},
                  {"pairings", Json::array()}};
  request.update(asked);
  Json answers = kept_answers(request);
  const Json open = still_open(request, answers);
  if (is_empty(open)) return answers;
  const Json fresh = ask_worker(open);
  check_build(fresh, options_.worker);
  refuse_unloadable(fresh);
  for (const char* section : {"datasets", "models", "methods"})
    if (fresh.contains(section)) answers[section].update(fresh.at(section));
  std::size_t next = 0;
  for (auto& answer : answers["pairings"])
    if (answer.is_null()) answer = fresh.at("pairings").at(next++);
  keep(request, answers);
  return answers;
}

}  // namespace ktb::launch
