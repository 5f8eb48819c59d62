#pragma once
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "ktb/task.hpp"

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

/// Tensors lie on the CPU. Throws Error with file, tensor, expectation and finding.
TensorFile read_safetensors(const std::string& path);
/// Written beside `path` and renamed, so that nobody ever sees half a file. Keeps the order. Gives
/// the SHA-256 of what it wrote.
std::string write_safetensors(const std::string& path, const TensorFile& file);

/// All parameters and buffers of a module, detached but sharing memory, in registration order.
std::vector<std::pair<std::string, Tensor>> state_of(const torch::nn::Module& module);
/// Copies by name and shape; a name that the module lacks may stand for what follows its first dot
/// (`bert.encoder...`). Whatever starts with `head.` may be absent or of another shape: it
/// keeps its values. Returns notes on what was skipped and on names that the module lacks; throws
/// Error with the list of what is missing or has another shape elsewhere. `path` is for messages.
std::vector<std::string> load_weights(torch::nn::Module& module, const TensorFile& file,
                                      const std::string& path, const std::string& head = {});

}  // namespace ktb::run
