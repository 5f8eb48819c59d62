#pragma once
#include <optional>
#include <string>
#include <vector>

#include "core/base/json.hpp"
#include "core/plan/describe.hpp"

namespace ktb::core {

/// A plugin as its file's note tells, without loading it.
struct PluginFile {
  std::string kind;  ///< model, method, dataset
  std::string name;  ///< the file's stem
  std::string path;
  std::string hash;  ///< SHA-256 of the file
  std::string summary, citation;
  Json preset;  ///< options that the alias sets; {} where the plugin's own name was asked for
  std::vector<std::string> paths = {};  ///< options that name files, once a description told them
};

/// What the planner asks of plugins; tests give a fake one.
class Catalogue {
 public:
  virtual ~Catalogue() = default;
  /// By plugin name or alias; none: no such plugin.
  virtual std::optional<PluginFile> find(const std::string& kind, const std::string& name) = 0;
  /// Every name and alias of a kind, for "nearest known name".
  virtual std::vector<std::string> names(const std::string& kind) = 0;
  /// All answers for one plan at once.
  virtual DescribeAnswers describe(const DescribeRequest& request) = 0;
};

}  // namespace ktb::core
