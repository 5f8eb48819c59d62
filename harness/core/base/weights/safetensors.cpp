#include "core/base/weights/safetensors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <functional>
#include <iterator>
#include <numeric>

#include "core/base/error.hpp"
#include "core/base/json.hpp"
#include "core/base/json_file.hpp"

namespace ktb::core {
namespace {

constexpr std::size_t kLengthBytes = 8;

template <class Stored, class Wide>
std::vector<Wide> widen(const char* bytes, std::size_t count) {
  std::vector<Wide> values(count);
  for (std::size_t i = 0; i < count; ++i) {
    Stored value;
    std::memcpy(&value, bytes + i * sizeof(Stored), sizeof(Stored));
    values[i] = static_cast<Wide>(value);
  }
  return values;
}

StoredTensor tensor_from(const Json& entry, const std::string& data) {
  const auto type = entry.at("dtype").get<std::string>();
  const auto begin = entry.at("data_offsets").at(0).get<std::size_t>();
  const auto end = entry.at("data_offsets").at(1).get<std::size_t>();
  if (begin > end || end > data.size()) throw Error("data ends before the tensor does");
  StoredTensor tensor;
  tensor.shape = entry.at("shape").get<std::vector<std::int64_t>>();
  const auto count = static_cast<std::size_t>(std::accumulate(
      tensor.shape.begin(), tensor.shape.end(), std::int64_t{1}, std::multiplies<>()));
  const auto size = [&](std::size_t width) {
    if (end - begin != count * width) throw Error("shape and size disagree");
    return count;
  };
  const char* bytes = data.data() + begin;
  if (type == "F64") {
    tensor.real = widen<double, double>(bytes, size(8));
  } else if (type == "F32") {
    tensor.real = widen<float, double>(bytes, size(4));
  } else if (type == "I64") {
    tensor.whole = widen<std::int64_t, std::int64_t>(bytes, size(8));
  } else if (type == "I32") {
    tensor.whole = widen<std::int32_t, std::int64_t>(bytes, size(4));
  } else if (type == "U8" || type == "BOOL") {
    tensor.whole = widen<std::uint8_t, std::int64_t>(bytes, size(1));
  } else {
    throw Error(fmt::format("type {} is not supported", type));
  }
  return tensor;
}

SafetensorsFile parse(const std::string& bytes) {
  std::uint64_t length = 0;
  if (bytes.size() < kLengthBytes) throw Error("shorter than a header");
  std::memcpy(&length, bytes.data(), kLengthBytes);
  if (length > bytes.size() - kLengthBytes) throw Error("ends within its header");
  const Json header = parse_json(std::string_view(bytes).substr(kLengthBytes, length), "header");
  const std::string data = bytes.substr(kLengthBytes + length);
  SafetensorsFile file;
  for (const auto& [name, entry] : header.items()) {
    if (name == "__metadata__") {
      file.metadata = entry.get<std::map<std::string, std::string>>();
    } else {
      file.tensors[name] = tensor_from(entry, data);
    }
  }
  return file;
}

/// Throws Error where the tensors that the header counts do not fill the file.
std::map<std::string, std::string> metadata(std::istream& stream, std::uint64_t size) {
  std::uint64_t length = 0, end = 0;
  stream.read(reinterpret_cast<char*>(&length), kLengthBytes);
  if (!stream) throw Error("shorter than a header");
  if (length > size - kLengthBytes) throw Error("ends within its header");
  std::string text(length, ' ');
  stream.read(text.data(), static_cast<std::streamsize>(length));
  const Json header = parse_json(text, "header");
  std::map<std::string, std::string> found;
  for (const auto& [name, entry] : header.items()) {
    if (name == "__metadata__")
      found = entry.get<std::map<std::string, std::string>>();
    else
      end = std::max(end, entry.at("data_offsets").at(1).get<std::uint64_t>());
  }
  if (end != size - kLengthBytes - length) throw Error("data ends before the tensors do");
  return found;
}

}  // namespace

double StoredTensor::number() const {
  if (real.size() + whole.size() != 1) throw Error("tensor is not a scalar");
  return real.empty() ? static_cast<double>(whole[0]) : real[0];
}

const StoredTensor& SafetensorsFile::at(const std::string& name) const {
  const auto found = tensors.find(name);
  if (found == tensors.end()) throw Error(fmt::format("no tensor `{}`", name));
  return found->second;
}

SafetensorsFile read_safetensors(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream) throw Error(fmt::format("{}: cannot be opened", path.string()));
  const std::string bytes{std::istreambuf_iterator<char>(stream), {}};
  try {
    return parse(bytes);
  } catch (const std::exception& error) {
    throw Error(fmt::format("{}: not a safetensors file: {}", path.string(), error.what()));
  }
}

std::map<std::string, std::string> read_safetensors_metadata(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream) throw Error(fmt::format("{}: cannot be opened", path.string()));
  try {
    return metadata(stream, std::filesystem::file_size(path));
  } catch (const std::exception& error) {
    throw Error(fmt::format("{}: not a safetensors file: {}", path.string(), error.what()));
  }
}

}  // namespace ktb::core
