#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "core/base/json.hpp"

namespace ktb::core {

/// Weights as they lie in a safetensors file, to be handed on under other names: no number of them
/// is looked at.
class WeightsFile {
 public:
  /// Reads the header. Throws Error that names the file.
  explicit WeightsFile(std::filesystem::path path);

  using Shape = std::vector<std::int64_t>;
  /// Empty where there is no tensor of that name, or a scalar.
  Shape shape(const std::string& name) const;
  bool has(const std::string& name) const { return tensors_.contains(name); }

  /// Copies the tensors under the names that `name` gives them. Gives the SHA-256 of the copy.
  std::string write(const std::filesystem::path& to,
                    const std::function<std::string(const std::string&)>& name,
                    const std::map<std::string, std::string>& metadata) const;

 private:
  std::filesystem::path path_;
  Json tensors_;            ///< the header without its metadata
  std::uint64_t body_ = 0;  ///< where the tensors' bytes begin
};

}  // namespace ktb::core
