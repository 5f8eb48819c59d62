#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/base/json.hpp"
#include "core/base/reason.hpp"
#include "core/plan/catalogue.hpp"

namespace ktb::core {

/// Gathers what a plan wants to know of plugins and asks it in one request; equal questions are
/// one. An empty id stands for a plugin that is not there.
class Describer {
 public:
  explicit Describer(Catalogue& catalogue) : catalogue_(catalogue) {}

  const std::optional<PluginFile>& plugin(const std::string& kind, const std::string& name);

  std::vector<std::string> names(const std::string& kind) { return catalogue_.names(kind); }

  std::string dataset(const std::string& plugin, const Json& options);
  /// `goal`: the task that it learns on the data set's inputs, "" for the data set's own.
  std::string model(const std::string& plugin, const Json& options, const std::string& dataset,
                    const std::string& goal);
  std::string method(const std::string& plugin, const Json& options);
  /// `target` and `mode` may be empty; a pairing with anything missing has no id.
  std::string pairing(const std::string& method, const std::string& task, const std::string& target,
                      const std::vector<std::string>& sources, const std::string& mode);

  /// Asks if anything is new since the last time; false: nothing was.
  bool ask();

  /// Null before it was asked, and for an empty id. `kind` is datasets, models or methods.
  const Json* answer(const std::string& kind, const std::string& id) const;
  Reason unsuited(const std::string& pairing) const;

 private:
  std::string add(const std::string& kind, char letter, Json entry);
  Json with_preset(const PluginFile& file, const Json& options) const;

  Catalogue& catalogue_;
  std::map<std::string, std::optional<PluginFile>> plugins_;
  std::map<std::string, std::string> ids_;  ///< canonical text of a question -> its id
  Json request_ = {{"datasets", Json::object()},
                   {"models", Json::object()},
                   {"methods", Json::object()},
                   {"pairings", Json::array()}};
  Json answers_;
  bool news_ = false;
};

}  // namespace ktb::core
