#pragma once
#include <ATen/core/Generator.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "ktb/environment.hpp"
#include "ktb/task.hpp"

namespace ktb::run {

/// What must be kept of something so that it goes on as if it had never stopped: tensors by name.
/// A class says in one function what it keeps, for both ways: `snapshot("steps", steps_)` puts the
/// value in, or, where a stored snapshot is restored, takes it from there.
class Snapshot {
 public:
  /// To be filled.
  Snapshot() : store_(std::make_shared<Tensors>()) {}
  /// To be restored from.
  explicit Snapshot(Tensors stored)
      : store_(std::make_shared<Tensors>(std::move(stored))), restoring_(true) {}

  bool restoring() const { return restoring_; }
  const Tensors& tensors() const { return *store_; }
  /// The same snapshot, in which all names stand behind `part.`
  Snapshot in(const std::string& part) const;

  /// Restoring throws Error where a name is missing or its value has another form. A tensor may be
  /// undefined, and becomes what was stored.
  void operator()(const std::string& name, Tensor& value);
  void operator()(const std::string& name, std::int64_t& value);
  void operator()(const std::string& name, double& value);
  void operator()(const std::string& name, std::string& value);
  void operator()(const std::string& name, std::vector<std::int64_t>& values);
  void operator()(const std::string& name, std::vector<double>& values);
  void operator()(const std::string& name, std::vector<std::string>& values);
  void operator()(const std::string& name, std::map<std::string, double>& values);
  void operator()(const std::string& name, Tensors& values);
  void operator()(const std::string& name, at::Generator& generator);
  void operator()(const std::string& name, SeededDraws& draws);
  /// A tensor whose storage others use too: restored in place, of the stored shape and type.
  void in_place(const std::string& name, const Tensor& value);

 private:
  void put(const std::string& name, const Tensor& value);
  const Tensor& take(const std::string& name) const;

  std::shared_ptr<Tensors> store_;
  std::string prefix_;
  bool restoring_ = false;
};

}  // namespace ktb::run
