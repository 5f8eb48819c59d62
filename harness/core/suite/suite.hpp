#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/json.hpp"
#include "core/suite/control.hpp"
#include "core/suite/document.hpp"
#include "core/suite/limits.hpp"
#include "core/suite/table_spec.hpp"

namespace ktb::core {

/// Options of a plugin by name; values are single values or lists.
using OptionLists = std::vector<std::pair<std::string, std::vector<Json>>>;

/// What every `[kind.NAME]` has. `path` leads to its places in the suite; empty: not defined there.
struct Definition {
  std::string name, path;
};

struct DatasetDef : Definition {
  std::string plugin;
  std::int64_t train = 0, test = 0;  ///< 0: all
  std::vector<std::string> augment;
  Json options = Json::object();
  std::vector<std::string> parts;  ///< of a union; then `plugin` is none, and there are no options
  bool shared_labels = false;      ///< of its parts; else their labels stand side by side
};

/// `"FILE"`, or `{ file = "FILE", prefix = "encoder_q" }`.
struct WeightsDef {
  std::string given;    ///< as the suite writes it
  std::string file;     ///< where that is; empty: no weights are named
  std::string prefix;   ///< below which it has the network; empty: wherever it is
  std::string missing;  ///< where there is nothing: what was looked for, and how to get it

  bool empty() const { return file.empty(); }
};

struct ModelDef : Definition {
  std::string plugin, label;
  WeightsDef weights;                   ///< to start from
  std::vector<std::string> from, into;  ///< sites; empty: the model's own defaults
  Json options = Json::object();
};

/// What a source can learn of pictures without their labels, as `run/data/pretext_task` knows it.
const std::vector<std::string>& pretext_tasks();

/// Either `model` (with `dataset`, `task`, `recipe` or `weights`) or `cell` and `method`.
struct SourceDef : Definition {
  std::string model, dataset, task, cell, method;
  WeightsDef weights;  ///< that it is
  Json recipe = Json::object();
};

struct HubDef : Definition {
  std::vector<std::string> members;
};

struct MethodDef : Definition {
  std::string plugin, label;
  std::string source;  ///< how its sources come about; empty: the plugin's default
  Json recipe = Json::object(), options = Json::object();
  std::vector<std::pair<std::string, double>> plus;
  OptionLists tune;
};

/// `[[when]]`, or a `--set` of something that no other line may override.
struct WhenRule : Definition {
  std::map<std::string, std::vector<std::string>> match;  ///< axis -> globs
  Json recipe = Json::object(), options = Json::object();
  bool forced = false;  ///< `--set`: after everything else
};

struct GridDef : Definition {
  std::vector<std::string> pairs, methods, datasets;
  std::vector<Control> controls;  ///< each method once more, with such sources
  std::vector<double> labels;
  std::vector<std::uint64_t> seeds;
  std::vector<std::map<std::string, std::vector<std::string>>>
      except;  ///< axis -> globs, all must match
  OptionLists cross, vary;
};

/// A suite file read with one profile: every value checked, no plugin asked yet.
struct Suite {
  std::string file, name;  ///< as given; its stem
  std::string digest;      ///< of the text of all its files, as they are on disk
  std::string profile;
  std::vector<std::string> profiles;
  std::string title, question;
  std::vector<std::uint64_t> source_seeds;  ///< empty: each seed its own sources
  std::vector<DatasetDef> datasets;
  std::vector<ModelDef> models;
  std::vector<SourceDef> sources;
  std::vector<HubDef> hubs;
  std::vector<MethodDef> methods;
  Json recipe = Json::object();  ///< only what the suite sets
  std::vector<WhenRule> rules;
  std::vector<GridDef> grids;
  std::vector<TableSpec> tables;
  Limits limits;
  std::vector<std::string> unused;  ///< paths of definitions that no profile uses
  Document text;

  /// A name that the suite does not define is the plugin of that name.
  DatasetDef dataset(const std::string& name) const;
  ModelDef model(const std::string& name) const;
  MethodDef method(const std::string& name) const;
  const SourceDef* source(const std::string& name) const;
  const HubDef* hub(const std::string& name) const;
};

}  // namespace ktb::core
