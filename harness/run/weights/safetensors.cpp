#include "run/weights/safetensors.hpp"

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/nn/module.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/base/digest.hpp"
#include "ktb/error.hpp"

namespace ktb::run {
namespace {

using HeaderJson = nlohmann::ordered_json;

constexpr std::array<std::pair<const char*, at::ScalarType>, 15> kTypes = {{
    {"F64", at::kDouble},
    {"F32", at::kFloat},
    {"F16", at::kHalf},
    {"BF16", at::kBFloat16},
    {"I64", at::kLong},
    {"I32", at::kInt},
    {"I16", at::kShort},
    {"I8", at::kChar},
    {"U8", at::kByte},
    {"BOOL", at::kBool},
    {"F8_E4M3", at::kFloat8_e4m3fn},
    {"F8_E5M2", at::kFloat8_e5m2},
    {"U16", at::kUInt16},
    {"U32", at::kUInt32},
    {"U64", at::kUInt64},
}};

struct Entry {
  std::string name;
  at::ScalarType type;
  std::vector<std::int64_t> shape;
  std::uint64_t begin, end;
};

template <class... Arguments>
[[noreturn]] void fail(const std::string& path, fmt::format_string<Arguments...> text,
                       Arguments&&... arguments) {
  throw Error(path + ": " + fmt::format(text, std::forward<Arguments>(arguments)...));
}

at::ScalarType type_of(const std::string& word, const std::string& path, const std::string& name) {
  for (const auto& [known, type] : kTypes)
    if (word == known) return type;
  std::vector<std::string> words;
  for (const auto& [known, type] : kTypes) words.push_back(known);
  fail(path, "tensor \"{}\" has dtype {}; known are {}", name, word, fmt::join(words, ", "));
}

const char* word_of(at::ScalarType type, const std::string& name) {
  for (const auto& [word, known] : kTypes)
    if (type == known) return word;
  throw Error(fmt::format("tensor \"{}\" has type {}, which safetensors files cannot hold", name,
                          c10::toString(type)));
}

Entry parse_entry(const std::string& path, const std::string& name, const HeaderJson& item) {
  try {
    const auto offsets = item.at("data_offsets").get<std::array<std::uint64_t, 2>>();
    return {name, type_of(item.at("dtype").get<std::string>(), path, name),
            item.at("shape").get<std::vector<std::int64_t>>(), offsets[0], offsets[1]};
  } catch (const HeaderJson::exception& problem) {
    fail(path, "tensor \"{}\": its header entry is malformed ({})", name, problem.what());
  }
}

std::uint64_t bytes_of(const std::string& path, const Entry& entry) {
  std::uint64_t bytes = c10::elementSize(entry.type);
  for (const auto extent : entry.shape)
    if (extent < 0 || __builtin_mul_overflow(bytes, static_cast<std::uint64_t>(extent), &bytes))
      fail(path, "tensor \"{}\" cannot have the shape [{}]", entry.name,
           fmt::join(entry.shape, ", "));
  return bytes;
}

/// Every byte of the body belongs to exactly one tensor,
/// and each has the bytes that its shape needs.
void check_offsets(const std::string& path, const std::vector<Entry>& entries, std::uint64_t body) {
  std::vector<const Entry*> order;
  for (const auto& entry : entries) order.push_back(&entry);
  std::stable_sort(order.begin(), order.end(), [](const Entry* a, const Entry* b) {
    return std::pair(a->begin, a->end) < std::pair(b->begin, b->end);
  });
  std::uint64_t at = 0;
  for (const Entry* entry : order) {
    const std::uint64_t bytes = bytes_of(path, *entry);
    if (entry->begin != at || entry->end < entry->begin)
      fail(path, "tensor \"{}\" lies at bytes {} to {} of the data; expected it to start at {}",
           entry->name, entry->begin, entry->end, at);
    if (entry->end - entry->begin != bytes)
      fail(path, "tensor \"{}\" has {} bytes; its shape [{}] and type {} need {}", entry->name,
           entry->end - entry->begin, fmt::join(entry->shape, ", "), c10::toString(entry->type),
           bytes);
    at = entry->end;
    if (at > body)
      fail(path,
           "the file is truncated: tensor \"{}\" ends at byte {} of the data, and there are {}",
           entry->name, at, body);
  }
  if (at != body) fail(path, "the data has {} bytes; its tensors take {}", body, at);
}

HeaderJson read_header(const std::string& path, std::ifstream& stream, std::uint64_t size,
                       std::uint64_t& length) {
  std::array<unsigned char, 8> bytes{};
  if (size < bytes.size() || !stream.read(reinterpret_cast<char*>(bytes.data()), bytes.size()))
    fail(path, "not a safetensors file: it has {} bytes, its header's length alone takes 8", size);
  length = 0;
  for (int i = 7; i >= 0; --i) length = length << 8 | bytes[static_cast<std::size_t>(i)];
  if (length > kLongestHeader)
    fail(path, "not a safetensors file: its header would have {} bytes, at most {} are allowed",
         length, kLongestHeader);
  if (length > size - bytes.size())
    fail(path, "the file is truncated: its header has {} bytes, {} follow", length,
         size - bytes.size());
  std::string text(length, ' ');
  stream.read(text.data(), static_cast<std::streamsize>(length));
  try {
    HeaderJson header = HeaderJson::parse(text);
    if (!header.is_object()) fail(path, "the header is not a JSON object");
    return header;
  } catch (const HeaderJson::exception& problem) {
    fail(path, "the header is no valid JSON ({})", problem.what());
  }
}

std::map<std::string, std::string> parse_metadata(const std::string& path,
                                                  const HeaderJson& header) {
  try {
    return header.value("__metadata__", HeaderJson::object())
        .get<std::map<std::string, std::string>>();
  } catch (const HeaderJson::exception& problem) {
    fail(path, "__metadata__ must map text to text ({})", problem.what());
  }
}

/// A file whose header was read, and found to fit what follows.
struct Opened {
  explicit Opened(const std::string& path) : stream(path, std::ios::binary) {
    std::error_code problem;
    const std::uint64_t size = std::filesystem::file_size(path, problem);
    if (!stream || problem)
      fail(path, "cannot be read: {}", problem ? problem.message() : "no permission");
    std::uint64_t length = 0;
    header = read_header(path, stream, size, length);
    data = 8 + length;
    for (const auto& [name, item] : header.items())
      if (name != "__metadata__") entries.push_back(parse_entry(path, name, item));
    check_offsets(path, entries, size - data);
  }

  std::ifstream stream;
  HeaderJson header;
  std::vector<Entry> entries;
  std::uint64_t data = 0;  ///< where it begins
};

Tensor read_entry(const std::string& path, std::ifstream& stream, const Entry& entry,
                  std::uint64_t data) {
  Tensor tensor = at::empty(entry.shape, entry.type);
  stream.seekg(static_cast<std::streamoff>(data + entry.begin));
  if (!stream.read(static_cast<char*>(tensor.data_ptr()),
                   static_cast<std::streamsize>(entry.end - entry.begin)))
    fail(path, "tensor \"{}\": cannot read {} bytes", entry.name, entry.end - entry.begin);
  return tensor;
}

/// Length, header and padding to a multiple of 8, so that the data is aligned.
std::string header_text(const TensorFile& file) {
  HeaderJson header = HeaderJson::object();
  if (!file.metadata.empty()) header["__metadata__"] = file.metadata;
  std::uint64_t at = 0;
  for (const auto& [name, tensor] : file.tensors) {
    if (header.contains(name)) throw Error("two tensors are named \"" + name + "\"");
    const std::uint64_t end = at + tensor.nbytes();
    header[name] = {{"dtype", word_of(tensor.scalar_type(), name)},
                    {"shape", tensor.sizes().vec()},
                    {"data_offsets", {at, end}}};
    at = end;
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');
  std::string length(8, '\0');
  for (std::size_t i = 0; i < 8; ++i) length[i] = static_cast<char>(text.size() >> (8 * i) & 0xff);
  return length + text;
}

}  // namespace

Tensor TensorFile::find(const std::string& name) const {
  for (const auto& [known, tensor] : tensors)
    if (known == name) return tensor;
  return {};
}

WeightsFile open_safetensors(const std::string& path) {
  const Opened opened(path);
  WeightsFile file{.path = path};
  for (const auto& entry : opened.entries)
    file.tensors.push_back({entry.name, entry.type, entry.shape, fmt::format("{}", entry.begin),
                            [path, entry, data = opened.data] {
                              std::ifstream stream(path, std::ios::binary);
                              return read_entry(path, stream, entry, data);
                            }});
  return file;
}

TensorFile read_safetensors(const std::string& path) {
  Opened opened(path);
  TensorFile file;
  file.metadata = parse_metadata(path, opened.header);
  for (const auto& entry : opened.entries)
    file.tensors.emplace_back(entry.name, read_entry(path, opened.stream, entry, opened.data));
  return file;
}

std::string write_safetensors(const std::string& path, const TensorFile& file) {
  const std::string part = fmt::format("{}.part{}", path, getpid());
  core::Sha256 digest;
  {
    std::ofstream stream(part, std::ios::binary);
    const auto write = [&](const void* data, std::size_t size) {
      stream.write(static_cast<const char*>(data), static_cast<std::streamsize>(size));
      digest.add(data, size);
    };
    const std::string header = header_text(file);
    write(header.data(), header.size());
    for (const auto& [name, tensor] : file.tensors) {
      const Tensor bytes = tensor.detach().cpu().contiguous();
      write(bytes.data_ptr(), bytes.nbytes());
    }
    if (!stream.flush()) {
      std::remove(part.c_str());
      fail(path, "cannot be written; is the disk full, the folder there and writable?");
    }
  }
  std::filesystem::rename(part, path);
  return digest.hex();
}

std::vector<std::pair<std::string, Tensor>> state_of(const torch::nn::Module& module) {
  std::vector<std::pair<std::string, Tensor>> state;
  for (const auto& item : module.named_parameters())
    if (item.value().defined()) state.emplace_back(item.key(), item.value().detach());
  for (const auto& item : module.named_buffers())
    if (item.value().defined()) state.emplace_back(item.key(), item.value().detach());
  return state;
}

}  // namespace ktb::run
