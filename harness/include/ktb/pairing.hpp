#pragma once
#include <optional>
#include <string>
#include <vector>

#include "ktb/reason.hpp"
#include "ktb/task.hpp"

namespace ktb {

/// A model as plain data, measured once per (model, options, task) by a dummy forward.
struct ModelCard {
  std::string name;  ///< in the suite
  std::string plugin;
  std::vector<InputSpec> reads;
  std::vector<std::vector<std::int64_t>> features;  ///< shapes of one example
  std::int64_t pooled = 0;                          ///< width
  std::int64_t parameters = 0;
  std::string takes, gives;               ///< default sites
  std::vector<std::string> preact_norms;  ///< as Model::preact_norms()
};

/// Whether the model can run on the batches of that task.
KTB_API bool can_read(const ModelCard& model, const TaskSpec& task);

/// Where a source's weights come from and whether they move.
enum class Mode { kNone, kTrained, kTrainedJoint, kFreshJoint };

/// Who transfers to whom: all that plan-time questions may look at.
struct KTB_API Pairing {
  struct Party {
    TaskSpec task;
    ModelCard model;
    Mode mode = Mode::kTrained;  ///< of a target: kTrained if it starts from a file, else kNone
  };
  std::optional<Party> target;  ///< none: the hub itself predicts
  std::vector<Party> sources;
  TaskSpec task;  ///< the target's

  bool reads(std::size_t source) const;        ///< source can run on the target's batches
  bool same_labels(std::size_t source) const;  ///< outputs mean the same
  bool joint(std::size_t source) const;        ///< source trains along
  /// The usual reasons, or "": a source cannot read the target's inputs; outputs are unlike; the
  /// target cannot start from the weights of a source.
  Reason unreadable() const;
  Reason unlike_outputs() const;
  Reason unlike_trunks() const;
  /// Why the target's task does not tell at least two classes apart, or "".
  Reason no_classes() const;
};

}  // namespace ktb
