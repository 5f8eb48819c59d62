#pragma once
#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/fields.hpp"
#include "core/base/json.hpp"
#include "core/base/version.hpp"
#include "core/suite/limits.hpp"
#include "core/suite/schedule.hpp"

namespace ktb::core {

/// How a method's sources come about.
enum class SourceMode { kNone, kTrained, kTrainedJoint, kFreshJoint };
constexpr auto words_of(SourceMode) {
  return std::array<std::pair<SourceMode, const char*>, 4>{
      {{SourceMode::kNone, "none"},
       {SourceMode::kTrained, "trained"},
       {SourceMode::kTrainedJoint, "trained-joint"},
       {SourceMode::kFreshJoint, "fresh-joint"}}};
}

/// Which epoch's weights a trial keeps.
enum class Selection { kLast, kBestValidation, kBestTest };
constexpr auto words_of(Selection) {
  return std::array<std::pair<Selection, const char*>, 3>{
      {{Selection::kLast, "last"},
       {Selection::kBestValidation, "best-validation"},
       {Selection::kBestTest, "best-test"}}};
}

/// How a source that learns nothing is computed: as it is, with the normalisations taken into its
/// convolutions, or that in bf16.
enum class Frozen { kPlain, kFolded, kBf16 };
constexpr auto words_of(Frozen) {
  return std::array<std::pair<Frozen, const char*>, 3>{
      {{Frozen::kPlain, "plain"}, {Frozen::kFolded, "folded"}, {Frozen::kBf16, "bf16"}}};
}

/// What of a trial is kept beside its record.
enum class Keepsake { kWeights, kPredictions, kFeatures };
constexpr auto words_of(Keepsake) {
  return std::array<std::pair<Keepsake, const char*>, 3>{{{Keepsake::kWeights, "weights"},
                                                          {Keepsake::kPredictions, "predictions"},
                                                          {Keepsake::kFeatures, "features"}}};
}

enum class Precision { kFp32, kBf16 };
constexpr auto words_of(Precision) {
  return std::array<std::pair<Precision, const char*>, 2>{
      {{Precision::kFp32, "fp32"}, {Precision::kBf16, "bf16"}}};
}

enum class Augmentation { kCrop4, kFlip, kRotate15 };
constexpr auto words_of(Augmentation) {
  return std::array<std::pair<Augmentation, const char*>, 3>{
      {{Augmentation::kCrop4, "crop4"},
       {Augmentation::kFlip, "flip"},
       {Augmentation::kRotate15, "rotate15"}}};
}

/// Of the files that a part's options name, as they were planned with: option -> SHA-256.
using FileDigests = std::map<std::string, std::string>;

/// What is learned: a data set's plugin, how much of its data, and whose words it has.
struct TaskRef {
  std::string dataset, plugin;  ///< as the suite calls it; its plugin
  Json options = Json::object();
  std::int64_t train = 0, test = 0;  ///< 0: all; else a class-balanced subset
  std::vector<Augmentation> augment;
  double labels = 1;      ///< share (at most 1) or count of the training labels
  std::string hash;       ///< of the data
  std::string task;       ///< a source's own task on the data; empty: the data set's
  bool shuffled = false;  ///< labels of the training split are interchanged: a control
  FileDigests digests;

  bool operator==(const TaskRef&) const = default;
};

struct ModelRef {
  std::string name, plugin;
  Json options = Json::object();
  std::string weights;                  ///< a file or folder of weights to start from
  std::string prefix;                   ///< below which it has the network; empty: wherever it is
  std::vector<std::string> from, into;  ///< sites; empty: the model's own defaults
  FileDigests digests;

  bool operator==(const ModelRef&) const = default;
};

/// A model that gives knowledge, and the task that it knows.
struct SourceRef : ModelRef {
  SourceMode mode = SourceMode::kTrained;
  std::string trial;  ///< that made its weights; empty: none did
  TaskRef task;

  bool operator==(const SourceRef&) const = default;
};

struct MethodRef {
  std::string name, plugin;
  Json options = Json::object();
  FileDigests digests;

  bool operator==(const MethodRef&) const = default;
};

/// A further method whose loss is added.
struct PlusRef : MethodRef {
  double weight = 1;

  bool operator==(const PlusRef&) const = default;
};

struct Optimizer {
  std::string name = "sgd";
  double lr = 0, momentum = 0, weight_decay = 0;
  bool nesterov = false;
  std::array<double, 2> betas = {0.9, 0.999};
  double eps = 1e-8;

  bool operator==(const Optimizer&) const = default;
};

/// A recipe with every layer laid. Either `epochs` or `steps` is above 0.
struct Recipe {
  std::int64_t epochs = 0, steps = 0, batch = 0;
  Optimizer optimizer;
  Schedule schedule;
  double clip = 0;  ///< 0: none
  Precision precision = Precision::kFp32;
  double validation = 0;  ///< share of train, or a count if above 1
  Selection select = Selection::kLast;
  bool channels_last = true;
  bool deterministic = true;  ///< the same bits again, on a GPU too; costs time there
  Frozen frozen = Frozen::kPlain;
  std::vector<Keepsake> keep;  ///< what the suite asks for; it decides nothing, so no key has it

  bool keeps(Keepsake what) const {
    return std::find(keep.begin(), keep.end(), what) != keep.end();
  }
  bool operator==(const Recipe&) const = default;
};

/// trial.json, docs/contracts.md.
struct TrialSpec {
  int schema = kRecordSchema;
  std::string id, key;
  std::string build;  ///< of the harness that may run it; empty: any
  std::uint64_t seed = 0;
  std::string device = "cpu";
  bool smoke = false, keep_weights = false;
  std::map<std::string, std::string> axes;
  TaskRef task;
  std::optional<ModelRef> target;  ///< none where the hub itself predicts
  std::vector<SourceRef> sources;
  MethodRef method;
  std::vector<PlusRef> plus;
  Recipe recipe;
  Limits limits;

  bool operator==(const TrialSpec&) const = default;
};

template <Of<TaskRef> Self, class Ar>
void fields(Self& task, Ar& ar) {
  ar("dataset", task.dataset);
  ar("plugin", task.plugin);
  ar("options", task.options);
  ar.optional("train", task.train);
  ar.optional("test", task.test);
  ar.optional("augment", task.augment);
  ar.optional("labels", task.labels);
  ar.optional("hash", task.hash);
  ar.optional("task", task.task);
  ar.optional("shuffled", task.shuffled);
  ar.optional("digests", task.digests);
}

template <class Self, class Ar>
void model_fields(Self& model, Ar& ar) {
  ar("name", model.name);
  ar("plugin", model.plugin);
  ar("options", model.options);
  ar.optional("weights", model.weights);
  ar.optional("prefix", model.prefix);
  ar.optional("from", model.from);
  ar.optional("into", model.into);
  ar.optional("digests", model.digests);
}

template <Of<ModelRef> Self, class Ar>
void fields(Self& model, Ar& ar) {
  model_fields(model, ar);
}

template <Of<SourceRef> Self, class Ar>
void fields(Self& source, Ar& ar) {
  model_fields(source, ar);
  ar("mode", source.mode);
  ar.optional("trial", source.trial);
  ar("task", source.task);
}

template <class Self, class Ar>
void method_fields(Self& method, Ar& ar) {
  ar("name", method.name);
  ar("plugin", method.plugin);
  ar("options", method.options);
  ar.optional("digests", method.digests);
}

template <Of<MethodRef> Self, class Ar>
void fields(Self& method, Ar& ar) {
  method_fields(method, ar);
}

template <Of<PlusRef> Self, class Ar>
void fields(Self& plus, Ar& ar) {
  method_fields(plus, ar);
  ar("weight", plus.weight);
}

template <Of<Optimizer> Self, class Ar>
void fields(Self& optimizer, Ar& ar) {
  ar("name", optimizer.name);
  ar("lr", optimizer.lr);
  ar.optional("momentum", optimizer.momentum);
  ar.optional("weight_decay", optimizer.weight_decay);
  ar.optional("nesterov", optimizer.nesterov);
  ar.optional("betas", optimizer.betas);
  ar.optional("eps", optimizer.eps);
}

template <Of<Recipe> Self, class Ar>
void fields(Self& recipe, Ar& ar) {
  ar.optional("epochs", recipe.epochs);
  ar.optional("steps", recipe.steps);
  ar("batch", recipe.batch);
  ar("optimizer", recipe.optimizer);
  ar("schedule", recipe.schedule);
  ar.optional("clip", recipe.clip);
  ar.optional("precision", recipe.precision);
  ar.optional("validation", recipe.validation);
  ar.optional("select", recipe.select);
  ar.optional("channels_last", recipe.channels_last);
  ar.optional("deterministic", recipe.deterministic);
  ar.optional("frozen", recipe.frozen);
  ar.optional("keep", recipe.keep);
}

template <Of<TrialSpec> Self, class Ar>
void fields(Self& trial, Ar& ar) {
  ar.optional("schema", trial.schema);
  ar("id", trial.id);
  ar("key", trial.key);
  ar.optional("build", trial.build);
  ar("seed", trial.seed);
  ar.optional("device", trial.device);
  ar.optional("smoke", trial.smoke);
  ar.optional("keep_weights", trial.keep_weights);
  ar("axes", trial.axes);
  ar("task", trial.task);
  ar("target", trial.target);
  ar("sources", trial.sources);
  ar("method", trial.method);
  ar("plus", trial.plus);
  ar("recipe", trial.recipe);
  ar.optional("limits", trial.limits);
}

/// How messages call the file that holds one.
inline constexpr auto kTrialFile = "trial.json";

Json to_json(const TrialSpec& trial);
/// Throws Error with `file` and the place of what is missing or of another type there.
TrialSpec trial_spec_from_json(const Json& json, const std::string& file = kTrialFile);

}  // namespace ktb::core
