#include "run/plugins/describe.hpp"

#include <c10/util/Exception.h>
#include <fmt/core.h>
#include <sys/stat.h>

#include <map>
#include <optional>

#include "core/base/digest.hpp"
#include "core/base/suggest.hpp"
#include "run/data/pretext_task.hpp"
#include "run/data/random.hpp"
#include "run/plugins/plain.hpp"

namespace ktb::run {
namespace {

using core::Json;

Json error_of(const std::string& message) {
  return {{"error", {{"message", message}, {"option", ""}, {"nearest", ""}}}};
}

/// Runs `work`, or says what went wrong in the answer's own words. `options` are those that the
/// plugin had been given, to name the nearest known one.
template <class Work>
Json answer(const Options& options, Work work) {
  try {
    return work();
  } catch (const OptionError& error) {
    std::vector<std::string> known;
    for (const auto& info : options.declared()) known.push_back(info.name);
    auto out = error_of(error.what());
    out["error"]["option"] = error.option;
    out["error"]["nearest"] = core::nearest(error.option, known);
    return out;
  } catch (const c10::Error& error) {
    return error_of(error.what_without_backtrace());
  } catch (const std::exception& error) {
    return error_of(error.what());
  }
}

/// By which a later command sees whether what is at a path has changed; size -1: nothing is there.
Json stamp_of(const std::string& path) {
  struct stat status {};
  const bool there = stat(path.c_str(), &status) == 0;
  return {{"path", path},
          {"size", there ? static_cast<std::int64_t>(status.st_size) : -1},
          {"mtime", there ? static_cast<std::int64_t>(status.st_mtime) : 0}};
}

/// A data set that makes its examples itself where its files are not there. They may yet come, so
/// the places are watched where they would be.
void note_generated(const DataFolder& folder, Json& out) {
  out["hash"] = "generated";
  out["watched"] = Json::array();
  for (const auto& place : folder.places()) out["watched"].push_back(stamp_of(place));
}

/// Where the files are, and whether they are what they must be. The hash of the data is that of the
/// names and digests of all its files.
void inspect_files(const Dataset& dataset, const DataFolder& folder, Json& out) {
  auto files = Json::array();
  std::string digests;
  out["looked"] = folder.places();
  out["get"] = dataset.get();
  out["wanted"] = Json::array();
  out["problem"] = "";
  try {
    const auto wanted = dataset.files(folder);
    for (const auto& file : wanted) out["wanted"].push_back(file.name);
    for (const auto& file : wanted) {
      const auto path = folder.require(file.name);
      const auto bytes = read_file(path);
      if (file.bytes > 0 && static_cast<std::int64_t>(bytes.size()) != file.bytes)
        throw Error(fmt::format("{} has {} bytes, expected {}: it is truncated or another file",
                                path, bytes.size(), file.bytes));
      const auto found = digest(bytes, file.digest);
      if (!file.digest.empty() && found != file.digest)
        throw Error(
            fmt::format("{} is not the file expected: {}, expected {}", path, found, file.digest));
      digests += file.name + " " + found + "\n";
      files.push_back(stamp_of(path));
    }
  } catch (const std::exception& error) {
    out["problem"] = error.what();
  }
  const bool found = out["problem"] == "";
  out["found"] = found;
  out["hash"] = found ? core::sha256_text(digests) : "";
  out["files"] = found ? files : Json::array();
}

class Describer {
 public:
  Describer(const Json& request, Registry& registry, const std::vector<std::string>& dirs)
      : request_(request), registry_(registry), dirs_(dirs) {}

  Json describe() {
    Json out = {{"datasets", Json::object()},
                {"models", Json::object()},
                {"methods", Json::object()},
                {"pairings", Json::array()}};
    const auto each = [&](const char* kind, auto answer_for) {
      const auto asked = request_.value(kind, Json::object());
      for (const auto& [id, json] : asked.items()) out[kind][id] = (this->*answer_for)(id, json);
    };
    each("datasets", &Describer::dataset);
    each("models", &Describer::model);
    each("methods", &Describer::method);
    const auto pairings = request_.value("pairings", Json::array());
    for (const auto& json : pairings) out["pairings"].push_back(pairing(json));
    return out;
  }

 private:
  Json dataset(const std::string& id, const Json& json) {
    Options options(values_from_json(json.value("options", Json::object())));
    return answer(options, [&] {
      const auto made = registry_.dataset(json.at("plugin"), options);
      const auto folder = data_folder(*made, dirs_);
      Json out = {{"options", resolved(options)}};
      inspect_files(*made, folder, out);
      try {
        tasks_[id] = made->task(folder);
        // Answers are kept for other suites, so they have the plugin's name, not the suite's.
        tasks_[id].name = json.at("plugin");
        out["task"] = to_json(tasks_[id]);
        const bool endless = tasks_[id].train_size == 0;  // an environment
        if (out["found"] && out["files"].empty() && !endless) note_generated(folder, out);
      } catch (const Error&) {
        if (out["found"]) throw;  // without its files such a data set knows no task
        out["task"] = nullptr;
      }
      return out;
    });
  }

  Json model(const std::string& id, const Json& json) {
    Options options(values_from_json(json.value("options", Json::object())));
    return answer(options, [&] {
      const RandomScope random(at::kCPU, 0);
      const auto task =
          pretext_spec(json.value("task", std::string()), task_of(json.at("dataset")));
      const auto made = registry_.model(json.at("plugin"), task, options);
      const auto& card = cards_[id] = measure(*made, json.at("plugin"), json.at("plugin"));
      model_task_[id] = task;
      return Json{{"options", resolved(options)}, {"parameters", card.parameters},
                  {"features", card.features},    {"pooled", card.pooled},
                  {"takes", card.takes},          {"gives", card.gives}};
    });
  }

  Json method(const std::string& id, const Json& json) {
    Options options(values_from_json(json.value("options", Json::object())));
    return answer(options, [&] {
      const auto made = registry_.method(json.at("plugin"), options);
      methods_[id] = made;
      const auto needs = made->needs();
      std::vector<std::string> modes;
      for (const auto mode : needs.modes) modes.push_back(to_string(mode));
      return Json{{"options", resolved(options)},
                  {"modes", modes},
                  {"sources", {needs.least, needs.most}},
                  {"target", needs.target}};
    });
  }

  Json pairing(const Json& json) {
    return answer(Options(), [&] {
      const auto found = methods_.find(json.at("method"));
      if (found == methods_.end()) throw Error("the method could not be described");
      Pairing pairing;
      pairing.task = task_of(json.at("task"));
      if (json.contains("target") && !json.at("target").is_null())
        pairing.target = party(json.at("target"), Mode::kNone);
      const auto modes = json.value("modes", std::vector<std::string>{});
      const auto sources = json.value("sources", std::vector<std::string>{});
      const auto usual = found->second->needs().modes.front();
      for (std::size_t i = 0; i < sources.size(); ++i)
        pairing.sources.push_back(
            party(sources[i], i < modes.size() ? mode_from(modes[i]) : usual));
      return Json{{"unsuited", found->second->unsuited(pairing)}};
    });
  }

  Pairing::Party party(const std::string& id, Mode mode) const {
    const auto card = cards_.find(id);
    if (card == cards_.end()) throw Error("model " + id + " could not be described");
    return {model_task_.at(id), card->second, mode};
  }

  const TaskSpec& task_of(const std::string& id) const {
    const auto found = tasks_.find(id);
    if (found == tasks_.end()) throw Error("its task is not known without the data");
    return found->second;
  }

  const Json& request_;
  Registry& registry_;
  const std::vector<std::string>& dirs_;
  std::map<std::string, TaskSpec> tasks_;
  std::map<std::string, ModelCard> cards_;
  std::map<std::string, TaskSpec> model_task_;  ///< that it learns
  std::map<std::string, std::shared_ptr<Method>> methods_;
};

}  // namespace

core::Json describe(const core::Json& request, Registry& registry,
                    const std::vector<std::string>& data_dirs) {
  return Describer(request, registry, data_dirs).describe();
}

}  // namespace ktb::run
