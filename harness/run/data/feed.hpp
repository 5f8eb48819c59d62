#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "run/data/snapshot.hpp"
#include "tasks/task_kind.hpp"

namespace ktb::run {

/// Predictions of what is being trained, as it would be deployed: evaluation mode, no gradient.
using Predict = std::function<Tensor(const Batch&)>;

/// Who is being trained, as far as a task's data depend on it: in an environment it acts.
struct Actor {
  Predict predict;
  std::function<std::vector<Tensor>()> weights;  ///< all that learns and that predict() depends on
};

/// A task with what it teaches and how it judges: examples of a file, or an environment.
class Feed {
 public:
  using Visit = std::function<void(const Batch&)>;
  /// Validation comes out of the training split. `test` is for the harness' final evaluation alone
  /// (and `best-test`, which a table marks).
  enum class Part { kTrain, kValidation, kTest };

  virtual ~Feed() = default;
  virtual const tasks::TaskKind& kind() const = 0;

  /// Before the first batch, where batches may depend on who learns from them.
  virtual void follow(Actor) {}
  /// The batch of a step; steps come in order.
  virtual Batch train_batch(std::int64_t step) = 0;
  virtual std::int64_t steps_per_epoch() const = 0;
  /// Whether each epoch shows the same inputs, every one of them, known by Batch::index: then
  /// outputs of a frozen source can be kept.
  virtual bool repeats() const = 0;
  /// [N] int64 of the training split in index order, on the device; undefined where there are none.
  virtual Tensor train_labels() const { return {}; }
  /// The training split in order, in large batches, without augmentation.
  virtual void survey(const Visit& visit) const = 0;

  /// The metrics of a prediction over a part.
  virtual std::unique_ptr<tasks::Meter> judge(Part part, const Predict& predict) const = 0;
  /// What the test split gives without learning.
  virtual tasks::Metrics floor() const = 0;

  virtual std::int64_t train_size() const = 0;  ///< 0: endless
  virtual std::int64_t validation_size() const = 0;
  virtual std::int64_t test_size() const = 0;
  /// Targets [test_size(), ...] of the test split by name, for the harness to keep beside
  /// predictions; none in an environment.
  virtual Tensors test_targets() const { return {}; }
  /// [test_size()] int64 on the CPU: which part of a union each test example is of. No batch
  /// has it. Undefined where there is but one.
  virtual Tensor domains() const { return {}; }
  /// Steps taken in an environment so far.
  virtual std::int64_t transitions() const { return 0; }

  /// Keeps or restores what the next batch depends on beside its step; after follow().
  virtual void snapshot(Snapshot) {}
};

}  // namespace ktb::run
