#pragma once
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "ktb/task.hpp"

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
  /// One entry an example, in the order in which they were added.
  virtual std::vector<bool> correct() const = 0;
};

/// One kind of task: its loss (ktb::Task), its metrics and its floors.
class Kind : public Task {
 public:
  explicit Kind(TaskSpec spec) : spec_(std::move(spec)) {}
  const TaskSpec& spec() const override { return spec_; }

  virtual std::unique_ptr<Meter> meter() const = 0;
  /// What can be had without learning, from the targets of the test split: chance, majority.
  virtual Metrics floor(const Tensors& test_y) const = 0;
  /// The metric that selects and that a table shows where the suite names none; larger is better.
  virtual std::string primary() const = 0;

 private:
  TaskSpec spec_;
};

/// By `spec.kind`; throws Error that names the known kinds.
std::unique_ptr<Kind> make_kind(const TaskSpec& spec);

}  // namespace ktb::tasks
