#pragma once
#include <memory>
#include <string>
#include <vector>

#include "core/base/json.hpp"
#include "core/base/plugin_file.hpp"
#include "ktb/dataset.hpp"
#include "ktb/method.hpp"
#include "ktb/options.hpp"

namespace ktb::run {

/// Finds, checks and loads plugins. Libraries stay loaded to the end of the process: what they made
/// (autograd nodes, deleters, exceptions) may outlive any scope.
/// `kind` is model, method or dataset.
class Registry {
 public:
  explicit Registry(const std::vector<std::string>& dirs);
  ~Registry();

  /// By the plugin's name or an alias, whose presets `options` override. Options that the plugin
  /// does not declare are refused. Throw core::PluginError and OptionError.
  std::shared_ptr<Model> model(const std::string& name, const TaskSpec& task, Options& options);
  std::shared_ptr<Method> method(const std::string& name, Options& options);
  std::shared_ptr<Dataset> dataset(const std::string& name, Options& options);

  std::vector<std::string> names(const std::string& kind) const;  ///< plugins and aliases
  bool knows(const std::string& kind, const std::string& name) const;
  const std::vector<core::PluginNote>& notes() const;
  /// Adds one file, whatever folder it lies in, ahead of all others; its note is returned.
  const core::PluginNote& add(const std::string& path);
  /// Options of a plugin in the place of its defaults, below what it is given and an alias sets.
  void set_defaults(const core::PluginNote& note, const core::Json& options);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Why this process is to run no second trial of what was loaded into it: a plugin that keeps state
/// in static variables, or that may have left a thread behind. Empty: there is no reason.
std::string why_not_again();

/// Options from JSON (a plugin's table in trial.json).
std::map<std::string, Value> values_from_json(const core::Json& json);
core::Json to_json(const Value& value);
/// All declared options with the values in force.
core::Json resolved(const Options& options);

}  // namespace ktb::run
