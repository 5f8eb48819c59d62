#pragma once
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/plan/describer.hpp"
#include "core/plan/expand.hpp"
#include "core/plan/plan.hpp"
#include "core/plan/trial_spec.hpp"
#include "core/suite/suite.hpp"

namespace ktb::core {

using Origins = std::map<std::string, std::string>;  ///< dotted setting -> `x.toml:12` or `default`
using OptionValues = std::vector<std::pair<std::string, Json>>;

struct LayeredRecipe {
  Json values;       ///< as its layers spell it
  std::string text;  ///< what the key hashes of it: all that decides every trial's result
  Recipe recipe;     ///< the same, once all layers are laid
  Origins origin;
};

/// One training with every layer of its settings laid, and the ids of what was asked about it.
struct Draft {
  const MethodDef* method = nullptr;
  std::optional<SourceMode> mode;  ///< none: not known before the plugin is asked
  Json options = Json::object();
  Origins origin;                            ///< of the options
  std::map<std::string, std::string> paths;  ///< option -> the suite's path that set it
  std::shared_ptr<const LayeredRecipe> recipe;
  std::vector<std::size_t> rules;  ///< Drafter::rules() that touched it
  std::string dataset_id, target_id, base_id, method_id;
  std::vector<std::string> source_ids, plus_ids;
  std::vector<std::string> pairings;  ///< the method's, then each plus'
  bool transfers() const { return mode != SourceMode::kNone; }
};

/// Lays the layers: plugin default, recipe, the method's own, rules in file order, axes, --set.
/// What plugins answered so far decides which options a method has; ask and draft again until
/// nothing new is asked.
class Drafter {
 public:
  /// `steps`: what every recipe takes; 0: what the suite says.
  Drafter(const Suite& suite, Describer& describer, std::int64_t steps);

  Draft draft(const Wish& wish, const OptionValues& tuned);
  /// Every combination of the values that the method tunes; one empty one where it tunes nothing.
  std::vector<OptionValues> candidates(const std::string& method);

  /// Before each pass: forgets which options found a method that has them, and all that depends on
  /// what plugins have said since, which is whose options name files.
  void begin_pass();
  /// Throws SuiteError for a rule's or axis' option that no method has.
  void check_found() const;

  const MethodDef& method(const std::string& name);
  const DatasetDef& dataset(const std::string& name);
  const ModelDef& model(const std::string& name);
  std::string dataset_id(const std::string& name);
  /// `is`: the source that this model is, where a file has its weights; else null.
  std::string model_id(const std::string& name, const std::string& dataset, const std::string& goal,
                       const SourceDef* is = nullptr);

  std::vector<Rule>& rules() { return rules_; }

 private:
  struct Found {
    bool applied = false;
    std::vector<std::string> known;
  };
  void list_rules();
  bool tunes() const;
  std::optional<SourceMode> mode_of(const MethodDef& method, const std::string& base) const;
  std::vector<std::size_t> matching(const Wish& wish, const Draft& draft) const;
  std::shared_ptr<const LayeredRecipe> recipe(const Wish& wish, const Draft& draft,
                                              const std::vector<std::size_t>& rules);
  void check_schedule(const Schedule& schedule) const;
  void set(Draft& draft, const std::string& option, const Json& value, const std::string& path,
           bool optional);
  void lay_options(Draft& draft, const Wish& wish, const std::vector<std::size_t>& rules,
                   const OptionValues& tuned);
  void ask_about(Draft& draft, const Wish& wish);
  /// Makes the options that name files absolute; `path_of` leads to an option's place in the suite.
  void place_files(const std::string& kind, const std::string& plugin, Json& options,
                   const std::function<std::string(const std::string&)>& path_of);
  /// A definition with its files placed.
  template <class Def>
  const Def& placed(std::map<std::string, Def>& known, const char* kind, Def def);

  const Suite& suite_;
  Describer& describer_;
  std::map<std::string, MethodDef> methods_;
  std::map<std::string, DatasetDef> datasets_;
  std::map<std::string, ModelDef> models_;
  std::map<std::string, std::string> ids_;
  std::map<std::string, std::shared_ptr<const LayeredRecipe>> recipes_;
  std::map<std::string, Found> found_;  ///< by the suite's path of the option
  std::vector<Rule> rules_;
  std::map<std::string, std::size_t> rule_index_;  ///< the path of a rule's setting -> rules_
  std::int64_t steps_;
  double default_validation_ = 0;
};

}  // namespace ktb::core
