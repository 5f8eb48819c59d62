#include "core/plan/parts.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>
#include <regex>
#include <sstream>

#include "core/base/digest.hpp"
#include "core/base/suggest.hpp"
#include "core/base/weights/weights_path.hpp"
#include "core/suite/check_names.hpp"

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

std::string indented(const std::string& head, const std::vector<std::string>& lines) {
  std::string out;
  for (const auto& text : lines) {
    std::istringstream parts(text);
    for (std::string line; std::getline(parts, line);) {
      out += fmt::format("\n  {:<8}{}", out.empty() ? head : "", line);
    }
  }
  return out;
}

/// The line of the suite that asks for what is missing.
std::string named(const std::string& line) { return line.empty() ? "" : "\n  named   " + line; }

/// Of all files that decide what is loaded; of one alone its own.
std::string hash_of_weights(const std::string& path) {
  const auto files = files_of_weights(path);
  if (files.size() == 1) return sha256_file(files[0]);
  std::string all;
  for (const auto& file : files)
    all += std::filesystem::path(file).filename().string() + " " + sha256_file(file) + "\n";
  return sha256_text(all);
}

/// The files of torchvision have the beginning of their hash in their names: resnet18-f37072fd.pth.
std::string wrong_name(const std::string& given, const std::string& file) {
  static const std::regex hashed("-([0-9a-f]{8,64})\\.");
  const std::string name = std::filesystem::path(file).filename();
  std::smatch parts;
  if (!given.starts_with("torchvision:") || !std::regex_search(name, parts, hashed)) return "";
  const std::string hash = sha256_file(file);
  if (hash.starts_with(parts[1].str())) return "";
  return fmt::format(
      "{} is not the file of that name: its SHA-256 begins with {}, so a download "
      "of it did not come to its end; remove it and get it again",
      file, hash.substr(0, parts[1].length()));
}

/// image [1, 28, 28] grey
std::string shown(const std::vector<InputAnswer>& inputs) {
  std::vector<std::string> all;
  for (const auto& input : inputs)
    all.push_back(fmt::format("{} [{}] {}", input.name, fmt::join(input.shape, ", "), input.space));
  return fmt::format("{}", fmt::join(all, " and "));
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
  part.lacks.insert(lack(
      kind, plugin,
      fmt::format("no {} plugin is called `{}`{}{}\n  looked  for {}.so in every plugin folder; "
                  "`ktbench list {}s` names what there is\n  get     build it, or name its "
                  "folder with --plugins DIR",
                  noun, plugin, near, named(line_naming(suite_, kind, plugin)), plugin, kind)));
}

void PartMaker::lack_data(Part& part, const DatasetDef& def, const DatasetAnswer& answer) {
  std::string message = fmt::format("data set `{}` ({}) {}", def.name, def.plugin,
                                    answer.unreadable ? "cannot be read" : "not found");
  message += indented("problem", {answer.problem});
  if (!answer.unreadable) message += indented("wanted", answer.wanted);
  if (!answer.unreadable) message += indented("looked", answer.looked);
  if (answer.problem.find(answer.get) == std::string::npos)
    message += indented("get", {answer.get});
  part.lacks.insert(lack("dataset", def.name, message));
}

void PartMaker::note_data(const DatasetDef& def, const DatasetAnswer& answer) {
  auto& data = data_[def.name];
  data.plugin = def.plugin;
  data.places = answer.places;
  data.wanted = answer.wanted;
  data.notes = answer.notes;
  if (!answer.found)
    data.state = answer.unreadable ? DataState::kUnreadable : DataState::kMissing;
  else if (answer.hash == "generated")
    data.state = DataState::kGenerated;
}

void PartMaker::take_error(Part& part, const std::string& name, const PluginFault& error,
                           const Paths& paths, const std::string& fallback) const {
  if (!part.lacks.empty()) return;  // a file that is missing is what the plan says
  if (error.option.empty()) {
    part.hole = fmt::format("{}: {}", name, error.message);
    return;
  }
  const auto path = paths.find(error.option);
  suite_.text.fail(path == paths.end() ? fallback : path->second, At::kKey, error.message,
                   error.nearest.empty() ? "" : fmt::format("did you mean `{}`?", error.nearest));
}

template <class Ref>
void PartMaker::fill(PartOf<Ref>& part, const std::string& kind, const std::string& plugin,
                     const Json& options, const PluginAnswer* answer) {
  const auto& file = describer_.plugin(kind, plugin);
  part.spec.plugin = file ? file->name : plugin;
  part.spec.options = answer && !answer->error ? answer->options : options;
  part.fields = {{"plugin", file ? file->hash : "missing " + plugin},
                 {"options", part.spec.options}};
  if (!file) return;
  // What a file holds decides the result, not where it lies.
  const Json& all = part.spec.options;
  for (const auto& option : file->paths) {
    const auto given = all.find(option);
    if (given == all.end() || !given->is_string() || *given == "") continue;
    const std::string digest = digest_of(part, plugin, option, given->get<std::string>());
    part.fields["options"][option] = digest;
    part.spec.digests[option] = digest;
  }
}

std::string PartMaker::digest_of(Part& part, const std::string& plugin, const std::string& option,
                                 const std::string& path) {
  if (!std::filesystem::is_regular_file(path)) {
    part.lacks.insert(lack(
        "file", path,
        fmt::format("the file that `{}` of {} names was not found{}\n  looked  "
                    "{}\n  get     put it there, or change `{}`",
                    option, plugin, named(line_setting(suite_, plugin, option)), path, option)));
    return "missing";
  }
  std::string& hash = hashes_[path];
  if (hash.empty()) hash = sha256_file(path);
  return hash;
}

void PartMaker::check_subset(const DatasetDef& def, const DatasetAnswer& answer) const {
  if (!answer.task) return;  // some data sets know no task without their files
  const auto check = [&](const char* key, std::int64_t wanted, std::int64_t size) {
    if (size == 0 || wanted <= size) return;
    suite_.text.fail(def.path + "." + key, At::kValue,
                     fmt::format("`{}` has {} {} examples, not {}", def.name, size, key, wanted),
                     fmt::format("at most {} = {}; all of them without it", key, size));
  };
  check("train", def.train, answer.task->train_size);
  check("test", def.test, answer.task->test_size);
}

void PartMaker::check_union(const DatasetDef& def) const {
  const auto refuse = [&](const std::string& what, const std::string& cure) {
    suite_.text.fail(def.path + ".union", At::kValue, what, cure);
  };
  const TaskAnswer* first = nullptr;
  for (const auto& name : def.parts) {
    const DatasetAnswer* answer = describer_.about_dataset(drafter_.dataset_id(name));
    if (!answer || !answer->task) continue;
    const TaskAnswer& own = *answer->task;
    if (own.kind != "classification" || !own.categorical)
      refuse(
          fmt::format("`{}` is a task of {}: only data sets with one class an example are united",
                      name, own.kind),
          fmt::format("leave `{}` out", name));
    if (!first) first = &own;
    if (shown(own.inputs) != shown(first->inputs))
      refuse(fmt::format("the inputs of `{}` and `{}` differ: {} and {}", def.parts[0], name,
                         shown(first->inputs), shown(own.inputs)),
             "unite data sets of one form of input, or give them the same size and channels");
    if (def.shared_labels && (own.labels != first->labels || own.outputs != first->outputs))
      refuse(fmt::format("`{}` and `{}` share no labels: {} ({}) and {} ({})", def.parts[0], name,
                         first->labels, first->outputs, own.labels, own.outputs),
             "without `labels = \"shared\"` theirs stand side by side");
  }
}

void PartMaker::unite(TaskPart& part, const DatasetDef& def) {
  UnionSpec spec{def.shared_labels, {}};
  Json pieces = Json::array();
  for (const auto& name : def.parts) {
    const TaskPart& own = task(name, 1.0, "");
    part.lacks.insert(own.lacks.begin(), own.lacks.end());
    if (part.hole.empty()) part.hole = own.hole;
    const TaskRef& ref = own.spec;
    spec.parts.push_back({name, ref.plugin, ref.options, ref.train, ref.test, ref.hash});
    Json piece = Json::object();
    for (const char* key : {"plugin", "options", "train", "test", "data"})
      piece[key] = own.fields[key];
    pieces.push_back(std::move(piece));
  }
  check_union(def);
  part.spec.plugin = kUnion;
  part.spec.options = write_json(spec);
  part.fields = {{"union", pieces}, {"shared", def.shared_labels}};
}

const TaskPart& PartMaker::task(const std::string& name, double labels, const std::string& goal) {
  const auto [entry, fresh] = tasks_.try_emplace(fmt::format("{}|{}|{}", name, labels, goal));
  TaskPart& part = entry->second;
  if (!fresh) return part;
  const DatasetDef& def = drafter_.dataset(name);
  const std::string id = drafter_.dataset_id(name);
  const DatasetAnswer* answer = describer_.about_dataset(id);
  const bool united = !def.parts.empty();
  if (united)
    unite(part, def);
  else
    fill(part, "dataset", def.plugin, def.options, answer);
  part.spec.dataset = name;
  part.spec.train = def.train;
  part.spec.test = def.test;
  for (const auto& word : def.augment) part.spec.augment.push_back(*from_word<Augmentation>(word));
  part.spec.labels = labels;
  part.spec.hash = answer ? answer->hash : "";
  part.spec.task = goal;
  part.fields.update({{"train", def.train},
                      {"test", def.test},
                      {"augment", def.augment},
                      {"labels", labels},
                      {"data", part.spec.hash},
                      {"task", goal}});
  part.text = part.fields.dump();
  if (id.empty()) {
    if (!united) lack_plugin(part, "dataset", def.plugin);
  } else if (answer && answer->error) {
    take_error(part, name, *answer->error, option_paths(def.path, def.options), def.path);
  } else if (answer) {
    check_subset(def, *answer);
    if (!answer->found && !united) lack_data(part, def, *answer);
    if (!united) note_data(def, *answer);
  }
  note_origin(part, suite_.text, def.path, def.options,
              {"plugin", "union", "labels", "train", "test", "augment"});
  return part;
}

Part PartMaker::weights(const WeightsDef& def, const std::string& path) {
  Part part;
  part.fields = "";
  if (def.empty()) return part;
  if (!def.missing.empty()) {
    part.fields = "missing";
    std::string message = def.missing;
    message.insert(std::min(message.find('\n'), message.size()), named(suite_.text.line(path)));
    part.lacks.insert(
        lack("weights", std::filesystem::path(def.given).filename().string(), message));
    return part;
  }
  std::string& hash = hashes_[def.file];
  if (hash.empty()) hash = hash_of_weights(def.file);
  part.fields = hash + (def.prefix.empty() ? "" : " below " + def.prefix);
  return part;
}

void PartMaker::check_weights(const ModelAnswer* answer, const WeightsDef& def,
                              const std::string& path) const {
  if (def.empty() || !def.missing.empty()) return;
  if (const std::string wrong = wrong_name(def.given, def.file); !wrong.empty())
    suite_.text.fail(path, At::kValue, wrong);
  if (answer && answer->weights && !answer->weights->fault.empty())
    suite_.text.fail(path, At::kValue, answer->weights->fault);
}

const ModelPart& PartMaker::model(const std::string& name, const std::string& dataset,
                                  const std::string& goal, const SourceDef* is) {
  const auto [entry, fresh] =
      models_.try_emplace(fmt::format("{}@{}|{}|{}", name, dataset, goal, is ? is->name : ""));
  ModelPart& part = entry->second;
  if (!fresh) return part;
  const ModelDef& def = drafter_.model(name);
  const ModelAnswer* answer = describer_.about_model(drafter_.model_id(name, dataset, goal, is));
  fill(part, "model", def.plugin, def.options, answer);
  if (!describer_.plugin("model", def.plugin)) lack_plugin(part, "model", def.plugin);
  // Where the data set's files are missing, that is what the plan says, not what follows from it.
  const DatasetAnswer* data = describer_.about_dataset(drafter_.dataset_id(dataset));
  const bool absent = data && !data->found;
  if (answer && answer->error && !absent) {
    take_error(part, name, *answer->error, option_paths(def.path, def.options), def.path);
  }
  const WeightsDef& file = is ? is->weights : def.weights;
  const std::string path = (is ? is->path : def.path) + ".weights";
  check_weights(answer, file, path);
  const Part start = weights(file, path);
  part.lacks.insert(start.lacks.begin(), start.lacks.end());
  part.spec.name = name;
  part.spec.weights = file.file;
  part.spec.prefix = file.prefix;
  part.spec.from = def.from;
  part.spec.into = def.into;
  part.fields["weights"] = start.fields;
  part.text = part.fields.dump();
  note_origin(part, suite_.text, def.path, def.options, {"plugin", "weights", "from", "into"});
  if (is) part.origin["weights"] = suite_.text.place(is->path + ".weights").text();
  return part;
}

MethodPart PartMaker::method(const MethodDef& method, const std::string& id, const Json& options,
                             const Paths& paths) {
  MethodPart part;
  const MethodAnswer* answer = describer_.about_method(id);
  fill(part, "method", method.plugin, options, answer);
  part.spec.name = method.name;
  if (id.empty()) lack_plugin(part, "method", method.plugin);
  if (answer && answer->error) take_error(part, method.name, *answer->error, paths, method.path);
  note_options(part, suite_.text, paths);
  return part;
}

}  // namespace ktb::core
