#include "core/plan/parts.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <sstream>

#include "core/base/digest.hpp"
#include "core/base/suggest.hpp"

namespace ktb::core {
namespace {

using At = Document::At;
using Paths = std::map<std::string, std::string>;

/// Option -> the suite's path of its line.
Paths option_paths(const std::string& definition, const Json& options) {
  Paths paths;
  for (const auto& [name, value] : options.items()) paths[name] = definition + "." + name;
  return paths;
}

void note_options(Part& part, const Document& text, const Paths& paths) {
  for (const auto& [name, path] : paths) part.origin["options." + name] = text.place(path).text();
}

/// Of a definition's options, and of those of its `keys` that stand in the suite.
void note_origin(Part& part, const Document& text, const std::string& definition,
                 const Json& options, const std::vector<std::string>& keys) {
  note_options(part, text, option_paths(definition, options));
  for (const auto& key : keys) {
    const std::string path = definition + "." + key;
    if (!definition.empty() && text.find(path)) part.origin[key] = text.place(path).text();
  }
}

std::string indented(const std::string& head, const Json& lines) {
  std::string out;
  for (const auto& text : lines) {
    std::istringstream parts(text.get<std::string>());
    for (std::string line; std::getline(parts, line);) {
      out += fmt::format("\n  {:<8}{}", out.empty() ? head : "", line);
    }
  }
  return out;
}

}  // namespace

std::size_t PartMaker::lack(const std::string& kind, const std::string& name,
                            const std::string& message) {
  const auto [index, fresh] = missing_index_.emplace(kind + "/" + name, missing_.size());
  if (fresh) missing_.push_back({kind, name, message, 0});
  return index->second;
}

void PartMaker::lack_plugin(Part& part, const std::string& kind, const std::string& plugin) {
  const std::string noun = kind == "dataset" ? "data set" : kind;
  const std::string near = did_you_mean(plugin, describer_.names(kind));
  part.lacks.insert(
      lack(kind, plugin,
           fmt::format("no {} plugin is called `{}`{}\n  looked  for {}.so in every plugin folder; "
                       "`ktbench list {}s` names what there is\n  get     build it, or name its "
                       "folder with --plugins DIR",
                       noun, plugin, near, plugin, kind)));
}

void PartMaker::lack_data(Part& part, const DatasetDef& def, const Json& answer) {
  std::string message = fmt::format("data set `{}` ({}) not found", def.name, def.plugin);
  message +=
      indented("problem", answer.value("problem", "").empty() ? Json::array()
                                                              : Json::array({answer["problem"]}));
  message += indented("wanted", answer.value("wanted", Json::array()));
  message += indented("looked", answer.value("looked", Json::array()));
  if (const std::string get = answer.value("get", ""); !get.empty()) {
    message += indented("get", Json::array({get}));
  }
  part.lacks.insert(lack("dataset", def.name, message));
}

void PartMaker::take_error(Part& part, const std::string& name, const Json& answer,
                           const Paths& paths, const std::string& fallback) const {
  const Json& error = answer["error"];
  const std::string message = error.value("message", "refused without a reason");
  const std::string option = error.value("option", ""), near = error.value("nearest", "");
  if (option.empty()) {
    part.hole = fmt::format("{}: {}", name, message);
    return;
  }
  const auto path = paths.find(option);
  suite_.text.fail(path == paths.end() ? fallback : path->second, At::kKey, message,
                   near.empty() ? "" : fmt::format("did you mean `{}`?", near));
}

void PartMaker::fill(Part& part, const std::string& kind, const std::string& plugin,
                     const Json& options, const Json* answer) {
  const auto& file = describer_.plugin(kind, plugin);
  Json resolved = answer && answer->contains("options") ? (*answer)["options"] : options;
  part.fields["plugin"] = file ? file->hash : "missing " + plugin;
  part.fields["options"] = resolved;
  part.spec["plugin"] = file ? file->name : plugin;
  part.spec["options"] = std::move(resolved);
}

void PartMaker::check_subset(const DatasetDef& def, const Json& answer) const {
  const Json task = answer.value("task", Json::object());
  if (!task.is_object()) return;  // some data sets know no task without their files
  for (const auto& [key, wanted] : {std::pair("train", def.train), std::pair("test", def.test)}) {
    const std::int64_t size = task.value(std::string(key) + "_size", std::int64_t{0});
    if (size == 0 || wanted <= size) continue;
    suite_.text.fail(def.path + "." + key, At::kValue,
                     fmt::format("`{}` has {} {} examples, not {}", def.name, size, key, wanted));
  }
}

const Part& PartMaker::task(const std::string& name, double labels, const std::string& goal) {
  const auto [entry, fresh] = tasks_.try_emplace(fmt::format("{}|{}|{}", name, labels, goal));
  Part& part = entry->second;
  if (!fresh) return part;
  const DatasetDef& def = drafter_.dataset(name);
  const std::string id = drafter_.dataset_id(name);
  const Json* answer = describer_.answer("datasets", id);
  fill(part, "dataset", def.plugin, def.options, answer);
  for (Json* json : {&part.spec, &part.fields}) {
    json->update(
        {{"train", def.train}, {"test", def.test}, {"augment", def.augment}, {"labels", labels}});
    (*json)["task"] = goal;
  }
  const std::string hash = answer ? answer->value("hash", "") : "";
  part.spec["dataset"] = name;
  part.spec["hash"] = part.fields["data"] = hash;
  part.text = part.fields.dump();
  if (id.empty()) {
    lack_plugin(part, "dataset", def.plugin);
  } else if (answer && answer->contains("error")) {
    take_error(part, name, *answer, option_paths(def.path, def.options), def.path);
  } else if (answer) {
    check_subset(def, *answer);
    if (!answer->value("found", true)) lack_data(part, def, *answer);
  }
  note_origin(part, suite_.text, def.path, def.options, {"plugin", "train", "test", "augment"});
  return part;
}

Part PartMaker::weights(const std::string& file) {
  Part part;
  part.spec = file;
  part.fields = "";
  if (file.empty()) return part;
  if (!std::filesystem::is_regular_file(file)) {
    part.fields = "missing";
    const std::string name = std::filesystem::path(file).filename();
    part.lacks.insert(
        lack("weights", name,
             fmt::format("weights `{}` not found\n  wanted  a safetensors file\n  looked  {}\n  "
                         "get     put it there, or change `weights`",
                         name, file)));
    return part;
  }
  std::string& hash = hashes_[file];
  if (hash.empty()) hash = sha256_file(file);
  part.fields = hash;
  return part;
}

const Part& PartMaker::model(const std::string& name, const std::string& dataset,
                             const std::string& goal) {
  const auto [entry, fresh] = models_.try_emplace(name + "@" + dataset + "|" + goal);
  Part& part = entry->second;
  if (!fresh) return part;
  const ModelDef& def = drafter_.model(name);
  const Json* answer = describer_.answer("models", drafter_.model_id(name, dataset, goal));
  fill(part, "model", def.plugin, def.options, answer);
  if (!describer_.plugin("model", def.plugin)) lack_plugin(part, "model", def.plugin);
  // Where the data set's files are missing, that is what the plan says, not what follows from it.
  const Json* data = describer_.answer("datasets", drafter_.dataset_id(dataset));
  const bool absent = data && !data->value("found", true);
  if (answer && answer->contains("error") && !absent) {
    take_error(part, name, *answer, option_paths(def.path, def.options), def.path);
  }
  const Part start = weights(def.weights);
  part.lacks.insert(start.lacks.begin(), start.lacks.end());
  part.spec["name"] = name;
  part.spec["weights"] = start.spec;
  part.fields["weights"] = start.fields;
  part.text = part.fields.dump();
  part.spec["from"] = def.from;
  part.spec["into"] = def.into;
  note_origin(part, suite_.text, def.path, def.options, {"plugin", "weights", "from", "into"});
  return part;
}

Part PartMaker::method(const MethodDef& method, const std::string& id, const Json& options,
                       const Paths& paths) {
  Part part;
  const Json* answer = describer_.answer("methods", id);
  fill(part, "method", method.plugin, options, answer);
  part.spec["name"] = method.name;
  if (id.empty()) lack_plugin(part, "method", method.plugin);
  if (answer && answer->contains("error"))
    take_error(part, method.name, *answer, paths, method.path);
  note_options(part, suite_.text, paths);
  return part;
}

}  // namespace ktb::core
