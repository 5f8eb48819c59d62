#pragma once
#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/plan/describer.hpp"
#include "core/plan/draft.hpp"
#include "core/plan/plan.hpp"
#include "core/suite/suite.hpp"

namespace ktb::core {

/// What is known of a piece of trial.json besides the piece itself.
struct Part {
  Json fields;                  ///< its share of the content key
  std::string text;             ///< `fields` dumped once, for what many trials share
  Origins origin;               ///< below the piece: `options.depth`
  std::set<std::size_t> lacks;  ///< indices of PartMaker::missing()
  Reason hole;                  ///< why it cannot be used; empty: it can
};

/// With the piece: a TaskRef, ModelRef or MethodRef.
template <class Ref>
struct PartOf : Part {
  Ref spec;
};
using TaskPart = PartOf<TaskRef>;
using ModelPart = PartOf<ModelRef>;
using MethodPart = PartOf<MethodRef>;

/// Makes tasks, models and methods from what the suite says and what plugins answered.
class PartMaker {
 public:
  PartMaker(const Suite& suite, Describer& describer, Drafter& drafter)
      : suite_(suite), describer_(describer), drafter_(drafter) {}

  /// `goal`: a [source]'s own task on the data; empty: the data set's.
  const TaskPart& task(const std::string& dataset, double labels, const std::string& goal);
  /// `is`: the source that this model is, where a file has its weights; else null.
  const ModelPart& model(const std::string& name, const std::string& dataset,
                         const std::string& goal, const SourceDef* is = nullptr);
  /// A method with the options that were asked about under `id`.
  MethodPart method(const MethodDef& method, const std::string& id, const Json& options,
                    const std::map<std::string, std::string>& paths);
  /// A file of weights that the suite names at `path`: its SHA-256, or one more thing missing.
  Part weights(const WeightsDef& def, const std::string& path);

  std::vector<Missing>& missing() { return missing_; }
  /// Every data set that a task was made of, by its name in the suite.
  std::map<std::string, FoundData>& data() { return data_; }

 private:
  std::size_t lack(const std::string& kind, const std::string& name, const std::string& message);
  void lack_plugin(Part& part, const std::string& kind, const std::string& plugin);
  /// What is special of a task whose data several data sets make up.
  void unite(TaskPart& part, const DatasetDef& def);
  /// Throws SuiteError where the parts of a union do not go together.
  void check_union(const DatasetDef& def) const;
  void lack_data(Part& part, const DatasetDef& def, const DatasetAnswer& answer);
  /// Throws SuiteError where a file of weights does not fit the model, or its name has another
  /// hash than its content.
  void check_weights(const ModelAnswer* answer, const WeightsDef& def,
                     const std::string& path) const;
  void note_data(const DatasetDef& def, const DatasetAnswer& answer);
  void check_subset(const DatasetDef& def, const DatasetAnswer& answer) const;
  /// A wrong option is the suite's fault; anything else that a plugin refuses is a hole.
  void take_error(Part& part, const std::string& name, const PluginFault& error,
                  const std::map<std::string, std::string>& paths,
                  const std::string& fallback) const;
  template <class Ref>
  void fill(PartOf<Ref>& part, const std::string& kind, const std::string& plugin,
            const Json& options, const PluginAnswer* answer);
  /// Of a file that an option names: its SHA-256, or one more thing missing.
  std::string digest_of(Part& part, const std::string& plugin, const std::string& option,
                        const std::string& path);

  const Suite& suite_;
  Describer& describer_;
  Drafter& drafter_;
  std::map<std::string, TaskPart> tasks_;
  std::map<std::string, ModelPart> models_;
  std::map<std::string, FoundData> data_;
  std::vector<Missing> missing_;
  std::map<std::string, std::size_t> missing_index_;
  std::map<std::string, std::string> hashes_;
};

}  // namespace ktb::core
