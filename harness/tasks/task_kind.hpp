#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "ktb/dataset.hpp"

namespace ktb::tasks {

/// Fractions by name: top1, loss, chance.
using Metrics = std::map<std::string, double>;

/// Gathers one evaluation, batch by batch. Sums stay on the device: add() never waits for it.
class Meter {
 public:
  virtual ~Meter() = default;
  virtual void add(const Tensor& prediction, const Batch& batch) = 0;
  /// Of everything added so far; throws Error where that is nothing.
  virtual Metrics metrics() const = 0;
  /// One bit an example, or an entry where the kind judges those, in the order of their coming.
  virtual std::vector<bool> correct() const = 0;
  /// [classes, classes] int64 on the CPU: how often each class (row) was taken for each (column).
  /// Undefined where a kind's examples are not of one class each.
  virtual Tensor confusion() const { return {}; }
};

/// One kind of task: its loss (ktb::Task), its metrics and its floors.
class TaskKind : public Task {
 public:
  explicit TaskKind(TaskSpec spec) : spec_(std::move(spec)) {}
  const TaskSpec& spec() const override { return spec_; }

  /// Of one evaluation. `texts` are those of the split, and outlive the meter.
  virtual std::unique_ptr<Meter> meter(const Texts& texts) const = 0;
  /// What can be had without learning, from the targets of the test split: chance, majority. Of the
  /// primary metric, in its unit.
  virtual Metrics floor(const Tensors& test_y, const Texts& texts) const = 0;
  /// The metric that selects and that a table shows where the suite names none.
  virtual std::string primary() const = 0;
  /// Of a prediction for these inputs.
  virtual std::vector<std::int64_t> prediction_shape(const Batch& inputs) const;
  /// Whether minus infinity in a prediction has a meaning: here is no answer.
  virtual bool may_exclude() const { return false; }

 private:
  TaskSpec spec_;
};

/// By `spec.kind`; throws Error that names the known kinds.
std::unique_ptr<TaskKind> make_task_kind(const TaskSpec& spec);

}  // namespace ktb::tasks
