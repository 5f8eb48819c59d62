#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/base/json.hpp"
#include "core/base/reason.hpp"
#include "core/plan/catalogue.hpp"
#include "core/plan/union_spec.hpp"

namespace ktb::core {

/// Gathers what a plan wants to know of plugins and asks it in one request; equal questions are
/// one. An empty id stands for a plugin that is not there.
class Describer {
 public:
  explicit Describer(Catalogue& catalogue) : catalogue_(catalogue) {}

  /// Valid until the next ask().
  const std::optional<PluginFile>& plugin(const std::string& kind, const std::string& name);

  std::vector<std::string> names(const std::string& kind) { return catalogue_.names(kind); }

  std::string dataset(const std::string& plugin, const Json& options);
  /// Several as one; no id where a plugin of them is not there.
  std::string united(UnionSpec spec);
  /// The plugin and options are the suite's; no id where the data set's is empty.
  std::string model(ModelQuestion asked);
  std::string method(const std::string& plugin, const Json& options);
  /// `target` may be empty; no `mode`: the method's own. A pairing with anything missing has no id.
  std::string pairing(const std::string& method, const std::string& task, const std::string& target,
                      const std::vector<std::string>& sources, std::optional<SourceMode> mode);

  /// Asks if anything is new since the last time; false: nothing was.
  bool ask();

  /// Null before it was asked, and for an empty id.
  const DatasetAnswer* about_dataset(const std::string& id) const {
    return find(answers_.datasets, id);
  }
  const ModelAnswer* about_model(const std::string& id) const { return find(answers_.models, id); }
  const MethodAnswer* about_method(const std::string& id) const {
    return find(answers_.methods, id);
  }
  Reason unsuited(const std::string& pairing) const;

 private:
  template <class Question>
  std::string add(std::map<std::string, Question>& section, char letter, Question asked);
  template <class Answer>
  static const Answer* find(const std::map<std::string, Answer>& section, const std::string& id) {
    const auto found = section.find(id);
    return found == section.end() ? nullptr : &found->second;
  }

  Catalogue& catalogue_;
  std::map<std::string, std::optional<PluginFile>> plugins_;
  std::map<std::string, std::string> ids_;  ///< canonical text of a question -> its id
  DescribeRequest request_;
  DescribeAnswers answers_;
  bool news_ = false;
};

}  // namespace ktb::core
