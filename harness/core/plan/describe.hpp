#pragma once
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/base/fields.hpp"
#include "core/base/json.hpp"
#include "core/plan/file_stamp.hpp"
#include "core/plan/trial_spec.hpp"

/// What the planner asks plugins and what they answer: docs/contracts.md, "describe".
namespace ktb::core {

/// A data set or a method with options.
struct PluginQuestion {
  std::string plugin;
  Json options = Json::object();

  bool operator==(const PluginQuestion&) const = default;
};

struct ModelQuestion : PluginQuestion {
  std::string dataset;  ///< id of the data set that it reads
  std::string task;     ///< that it learns on that data set's inputs; empty: the data set's own
  std::string weights;  ///< a file or folder; empty: it has none
  std::string prefix;   ///< below which these have the network; empty: wherever it is
  bool as_is = false;   ///< the weights are a source as it is, not what training starts from
  std::vector<std::string> sites;  ///< where such a source gives; empty: the model's own default

  bool operator==(const ModelQuestion&) const = default;
};

/// In ids of the request.
struct PairingQuestion {
  std::string method, task;
  std::optional<std::string> target;  ///< none where the hub itself predicts
  std::vector<std::string> sources;
  std::vector<SourceMode> modes;  ///< by source; empty: the method's default

  bool operator==(const PairingQuestion&) const = default;
};

/// Every map is keyed by ids that the caller chooses.
struct DescribeRequest {
  std::map<std::string, PluginQuestion> datasets, methods;
  std::map<std::string, ModelQuestion> models;
  std::vector<PairingQuestion> pairings;

  bool empty() const {
    return datasets.empty() && methods.empty() && models.empty() && pairings.empty();
  }
};

/// Why a part could not be described.
struct PluginFault {
  std::string message = "refused without a reason";
  std::string option, nearest;  ///< an option that it has not, and the nearest that it has
};

struct InputAnswer {
  std::string name;
  std::vector<std::int64_t> shape;
  std::string space;
  std::int64_t vocabulary = 0;
  std::vector<double> mean = {}, deviation = {};  ///< that normalise it; empty: nothing does
};

struct TaskAnswer {
  std::string name, kind;
  std::vector<InputAnswer> inputs;
  std::int64_t outputs = 0;
  std::string labels;
  bool categorical = false;
  std::int64_t train_size = 0, test_size = 0;  ///< 0: not known, or an endless environment
};

struct PluginAnswer {
  /// Options that name files, with an error too: a suite gives them relative to itself.
  std::vector<std::string> paths;
  std::optional<PluginFault> error;  ///< then nothing else is there
  Json options = Json::object();     ///< the resolved ones, defaults included
};

struct DatasetAnswer : PluginAnswer {
  std::optional<TaskAnswer> task;  ///< none: not known without the files
  std::string metric;              ///< the primary one of the task's kind
  bool found = true;
  std::string hash;  ///< of the data; empty where they were not found
  std::vector<FileStamp> files, watched;
  std::string problem, get;
  bool unreadable = false;  ///< what is wanted is there, and `problem` is with its content
  std::vector<std::string> looked, wanted;
  std::vector<std::string> places;  ///< of those looked in, the ones that its files are from
  std::vector<std::string> notes;   ///< what a person should know of the data as they lie there
};

/// How a file of weights fits a model, by its header.
struct WeightsAnswer {
  std::string fault;  ///< why it does not; empty: it does
  bool head = true;   ///< whether the head is the file's
  std::vector<std::string> warnings;
};

struct ModelAnswer : PluginAnswer {
  std::int64_t parameters = 0, pooled = 0;
  std::vector<std::vector<std::int64_t>> features;
  std::string takes, gives;
  std::optional<WeightsAnswer> weights;
};

struct MethodAnswer : PluginAnswer {
  std::vector<SourceMode> modes;                ///< that it can take, the default first
  std::array<std::size_t, 2> sources = {0, 0};  ///< fewest and most; most 0: any
  bool target = true;
};

struct PairingAnswer {
  std::optional<PluginFault> error;
  std::string unsuited;  ///< why not; empty: it suits
};

/// Of the worker that answered; read alone first, since another build may answer in other words.
struct AnsweringBuild {
  std::string build = "an older version";
};

struct DescribeAnswers : AnsweringBuild {
  std::map<std::string, DatasetAnswer> datasets;
  std::map<std::string, ModelAnswer> models;
  std::map<std::string, MethodAnswer> methods;
  std::vector<PairingAnswer> pairings;  ///< in the request's order
};

template <Of<PluginQuestion> Self, class Ar>
void fields(Self& asked, Ar& ar) {
  ar("plugin", asked.plugin);
  ar.optional("options", asked.options);
}

template <Of<ModelQuestion> Self, class Ar>
void fields(Self& asked, Ar& ar) {
  ar("plugin", asked.plugin);
  ar.optional("options", asked.options);
  ar("dataset", asked.dataset);
  ar.optional("task", asked.task);
  ar.optional("weights", asked.weights);
  ar.optional("prefix", asked.prefix);
  ar.optional("as_is", asked.as_is);
  ar.optional("sites", asked.sites);
}

template <Of<PairingQuestion> Self, class Ar>
void fields(Self& asked, Ar& ar) {
  ar("method", asked.method);
  ar("task", asked.task);
  ar.optional("target", asked.target);
  ar.optional("sources", asked.sources);
  ar.optional("modes", asked.modes);
}

template <Of<DescribeRequest> Self, class Ar>
void fields(Self& request, Ar& ar) {
  ar.optional("datasets", request.datasets);
  ar.optional("models", request.models);
  ar.optional("methods", request.methods);
  ar.optional("pairings", request.pairings);
}

template <Of<PluginFault> Self, class Ar>
void fields(Self& fault, Ar& ar) {
  ar.optional("message", fault.message);
  ar.optional("option", fault.option);
  ar.optional("nearest", fault.nearest);
}

template <Of<InputAnswer> Self, class Ar>
void fields(Self& input, Ar& ar) {
  ar("name", input.name);
  ar("shape", input.shape);
  ar.optional("space", input.space);
  ar.optional("vocabulary", input.vocabulary);
  ar.optional("mean", input.mean);
  ar.optional("deviation", input.deviation);
}

template <Of<TaskAnswer> Self, class Ar>
void fields(Self& task, Ar& ar) {
  ar("name", task.name);
  ar("kind", task.kind);
  ar.optional("inputs", task.inputs);
  ar.optional("outputs", task.outputs);
  ar.optional("labels", task.labels);
  ar.optional("categorical", task.categorical);
  ar.optional("train_size", task.train_size);
  ar.optional("test_size", task.test_size);
}

/// What every part's answer begins with; false: an error, after which nothing stands.
template <class Self, class Ar>
bool described(Self& answer, Ar& ar) {
  ar.optional("paths", answer.paths);
  ar.present("error", answer.error);
  if (!answer.error) ar("options", answer.options);
  return !answer.error;
}

template <Of<DatasetAnswer> Self, class Ar>
void fields(Self& answer, Ar& ar) {
  if (!described(answer, ar)) return;
  ar.optional("task", answer.task);
  ar.optional("metric", answer.metric);
  ar.optional("found", answer.found);
  ar.optional("hash", answer.hash);
  ar.optional("files", answer.files);
  ar.optional("watched", answer.watched);
  ar.optional("problem", answer.problem);
  ar.optional("get", answer.get);
  ar.optional("looked", answer.looked);
  ar.optional("wanted", answer.wanted);
  ar.optional("unreadable", answer.unreadable);
  ar.optional("places", answer.places);
  ar.optional("notes", answer.notes);
}

template <Of<WeightsAnswer> Self, class Ar>
void fields(Self& answer, Ar& ar) {
  ar.optional("fault", answer.fault);
  ar.optional("head", answer.head);
  ar.optional("warnings", answer.warnings);
}

template <Of<ModelAnswer> Self, class Ar>
void fields(Self& answer, Ar& ar) {
  if (!described(answer, ar)) return;
  ar.optional("parameters", answer.parameters);
  ar.optional("features", answer.features);
  ar.optional("pooled", answer.pooled);
  ar.optional("takes", answer.takes);
  ar.optional("gives", answer.gives);
  ar.optional("weights", answer.weights);
}

template <Of<MethodAnswer> Self, class Ar>
void fields(Self& answer, Ar& ar) {
  if (!described(answer, ar)) return;
  ar("modes", answer.modes);
  ar("sources", answer.sources);
  ar("target", answer.target);
}

template <Of<PairingAnswer> Self, class Ar>
void fields(Self& answer, Ar& ar) {
  ar.present("error", answer.error);
  if (answer.error) return;
  ar("unsuited", answer.unsuited);
}

template <Of<AnsweringBuild> Self, class Ar>
void fields(Self& answers, Ar& ar) {
  ar.optional("build", answers.build);
}

template <Of<DescribeAnswers> Self, class Ar>
void fields(Self& answers, Ar& ar) {
  ar("datasets", answers.datasets);
  ar("models", answers.models);
  ar("methods", answers.methods);
  ar("pairings", answers.pairings);
  ar.optional("build", answers.build);
}

}  // namespace ktb::core
