#pragma once
#include <string>

#include "ktb/files.hpp"
#include "ktb/task.hpp"

namespace ktb::arrays {

/// The array of a file that numpy.save wrote, in the order of its axes: whole numbers, floats or
/// truth values, of the type that NumPy gave them or the next one that torch has. `name` is the
/// file, for Error: no such file, cut off, or Python objects, which would have to be run.
Tensor read_npy(const Bytes& bytes, const std::string& name);

}  // namespace ktb::arrays
