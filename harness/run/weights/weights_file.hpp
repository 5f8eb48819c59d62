#pragma once
#include <c10/core/ScalarType.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "ktb/task.hpp"

namespace ktb::run {

/// A tensor of a file, whose numbers are not read yet.
struct TensorEntry {
  std::string name;  ///< with all that it lies in: `state_dict.module.fc.weight`
  at::ScalarType type = at::kFloat;
  std::vector<std::int64_t> shape;
  std::string place;             ///< of its numbers in the file: equal places, equal tensors
  std::function<Tensor()> read;  ///< on the CPU; throws Error that names the file
};

/// What a file of weights holds, in its order: names, types and shapes alone.
struct WeightsFile {
  std::string path;  ///< for messages
  std::vector<TensorEntry> tensors = {};
  std::string hint = {};  ///< what to do where tensors are missing; "": nothing is known
};

/// Opens safetensors, what torch.save writes, an index of shards, or a folder as Hugging Face's
/// libraries keep one. Throws Error that says what the file is instead, and what to do.
WeightsFile open_weights(const std::string& path);

}  // namespace ktb::run
