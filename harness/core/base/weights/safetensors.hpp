#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace ktb::core {

/// One stored array, widened: floats to double, integers and bools to int64.
struct StoredTensor {
  std::vector<std::int64_t> shape;
  std::vector<double> real;         ///< filled for F64, F32
  std::vector<std::int64_t> whole;  ///< filled for I64, I32, U8, BOOL
  double number() const;            ///< of a scalar; throws Error for anything else
};

/// A safetensors file without torch: for reference cases, not for weights of a model's size.
struct SafetensorsFile {
  std::map<std::string, std::string> metadata;
  std::map<std::string, StoredTensor> tensors;
  const StoredTensor& at(const std::string& name) const;  ///< throws Error that names the tensor
};

/// Throws Error that names the file: none, truncated, bad header, unsupported type.
SafetensorsFile read_safetensors(const std::filesystem::path& path);

/// A file's metadata alone, however large its tensors are. Throws like the above: the tensors must
/// be there in full.
std::map<std::string, std::string> read_safetensors_metadata(const std::filesystem::path& path);

}  // namespace ktb::core
