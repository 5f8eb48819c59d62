#pragma once
#include <cstdint>
#include <string>
#include <utility>

#include "core/base/fields.hpp"
#include "core/base/json.hpp"
#include "ktb/task.hpp"
#include "run/weights/safetensors.hpp"

namespace ktb::run {

/// One fidelity case: what goes in, and what an implementation is expected to answer.
struct StoredCase {
  std::string method;  ///< which check: kd, model_resnet20, schedule
  core::Json options;
  Tensors tensors;               ///< all of the file
  TensorFile file;               ///< keeps the order, and the metadata
  at::Device device = at::kCPU;  ///< where `tensors` are and its answers are computed

  bool has(const std::string& name) const { return tensors.contains(name); }
  /// Undefined where there is none.
  Tensor find(const std::string& name) const;
  /// `in.NAME`; throws Error where there is none.
  Tensor input(const std::string& name) const;
  Tensor optional_input(const std::string& name) const { return find("in." + name); }
  /// Metadata that holds JSON; null where there is none.
  core::Json metadata(const std::string& name) const;

  /// Throws Error with its place where there is none, or one of another type.
  template <class T>
  T option(const std::string& name) const {
    return core::read_json<T>(core::JsonView(options, "case", "options")[name]);
  }
  template <class T>
  T option(const std::string& name, T otherwise) const {
    if (options.contains(name)) otherwise = option<T>(name);
    return otherwise;
  }
};

/// Moves its tensors to where a plugin is to answer.
void move(StoredCase& stored, at::Device device);

/// Throws Error: unreadable, or no case (no `method`, options that are no JSON).
StoredCase read_case(const std::string& path);

/// Relative and absolute.
struct Tolerance {
  double relative, absolute;
};
/// What another order of summation may change where kernels are not the CPU's, by the type that was
/// computed in; docs/contracts.md has the numbers.
Tolerance device_tolerance(at::Device device, at::ScalarType type);

/// How an answer compares with all references of its case.
struct Verdict {
  int compared = 0;
  std::string fault;  ///< the worst tensor with expected, actual and tolerance; empty: all agree
};

/// Every reference (`out.`, `grad.`, `buf.after.`, `param_after.`, `in.check.`) must be answered
/// and agree: max|x - ref| <= atol + rtol max|ref| over the tensor, whole numbers exactly, NaN and
/// infinities by the same value. On a GPU both tolerances are at least those of device_tolerance().
/// `out.N.scipy_X` is what a library gives by conventions of its own, and not compared. An answer
/// `out.weight` serves `out.weight.norm`, `.first64`, `.mean` and the like too. An unweighted
/// `out.term.X` may be left out where the weighted one is given.
Verdict judge(const StoredCase& stored, const Tensors& answers);

}  // namespace ktb::run
