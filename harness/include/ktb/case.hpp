#pragma once
#include <functional>
#include <string>

#include "ktb/options.hpp"
#include "ktb/task.hpp"

namespace ktb {

/// Stored tensors of one fidelity case (`ktbench plugin check`), for checks that are not a plain
/// step: those of other names than the method's, and those without outputs of one target. The
/// method is attached, its parameters and buffers hold the case's, its mode is the case's. What it
/// puts into `out` is compared with `out.*`; if `out["loss"]` is there it is differentiated, and
/// gradients of `in` and of the parameters are compared with `grad.*`; afterwards buffers and
/// parameters are compared with `buf.after.*` and `param_after.*`. A case without
/// `in.target.weight` has no transfer: the method is not attached, and parameters and buffers that
/// it does not have are in `in` under their whole name, `param.A` and `buf.before.A`; it writes
/// such a buffer in place.
struct Case {
  std::string name;  ///< which check: mergenet_adapter
  Options& options;  ///< the case's, scalars and lists
  Tensors in;  ///< without the prefix `in.`; floating point ones are leaves that want a gradient
  Tensors out;
  /// Clips and steps a manual group as Step::update does.
  std::function<void(const std::string& group)> update;
};

}  // namespace ktb
