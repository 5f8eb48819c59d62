#pragma once
#include <string>

#include "run/weights/weights_file.hpp"

namespace ktb::run {

/// Whether a file begins as torch.save writes: a zip, or the older row of pickles.
bool is_torch_file(const std::string& start);

/// What torch.save wrote: a state_dict, a checkpoint that has some inside, or a whole module. It is
/// read as data (core::Pickle): what it names is neither looked up nor run, and classes that are
/// not PyTorch's are passed over. Throws Error with the file and what it is instead.
WeightsFile open_torch_file(const std::string& path);

}  // namespace ktb::run
