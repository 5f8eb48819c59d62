#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "ktb/task.hpp"
#include "run/weights/weights_file.hpp"

namespace torch::nn {
class Module;
}

namespace ktb::run {

/// A safetensors file: named tensors in the order of its header, and text.
struct TensorFile {
  std::vector<std::pair<std::string, Tensor>> tensors;
  std::map<std::string, std::string> metadata;

  /// Undefined where there is none of that name.
  Tensor find(const std::string& name) const;
};

/// The longest header that is read.
constexpr std::uint64_t kLongestHeader = 100'000'000;

/// The header alone. Throws Error with file, tensor, expectation and finding.
WeightsFile open_safetensors(const std::string& path);
/// Tensors lie on the CPU. Throws Error with file, tensor, expectation and finding.
TensorFile read_safetensors(const std::string& path);
/// Written beside `path` and renamed, so that nobody ever sees half a file. Keeps the order. Gives
/// the SHA-256 of what it wrote.
std::string write_safetensors(const std::string& path, const TensorFile& file);

/// All parameters and buffers of a module, detached but sharing memory, in registration order.
std::vector<std::pair<std::string, Tensor>> state_of(const torch::nn::Module& module);

}  // namespace ktb::run
