#include "run/weights/weights_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <utility>

#include "core/base/error.hpp"
#include "core/base/weights/weights_path.hpp"
#include "ktb/error.hpp"
#include "run/weights/safetensors.hpp"
#include "run/weights/torch_file.hpp"

namespace ktb::run {
namespace {

namespace fs = std::filesystem;

/// What stands in a file's place, by its first bytes.
constexpr std::array<std::pair<std::string_view, const char*>, 8> kOthers = {{
    {"version https://git-lfs",
     "a pointer of Git LFS, not the file itself: `git lfs pull` brings "
     "that"},
    {"<", "a page of HTML or XML, as servers send in place of a file: download it again"},
    {"GGUF", "GGUF, which holds quantised weights: take the model's safetensors"},
    {"\x89HDF", "HDF5, as Keras writes: store its arrays as safetensors under the model's names"},
    {"\x93NUMPY", "one NumPy array: store the weights as safetensors under the model's names"},
    {"\x1f\x8b", "packed by gzip: unpack it"},
    {"BZh", "packed by bzip2: unpack it"},
    {"\xfd"
     "7zXZ",
     "packed by xz: unpack it"},
}};

std::string first_bytes(const std::string& path, std::size_t count) {
  std::string start(count, '\0');
  std::ifstream stream(path, std::ios::binary);
  stream.read(start.data(), std::ssize(start));
  start.resize(static_cast<std::size_t>(std::max<std::streamsize>(stream.gcount(), 0)));
  return start;
}

/// A length of eight bytes, then JSON. To be asked first: the length may begin as any other file.
bool is_safetensors(std::string_view start) {
  std::uint64_t length = 0;
  if (start.size() < 9) return false;
  std::memcpy(&length, start.data(), 8);
  return start[8] == '{' && length <= kLongestHeader;
}

void refuse_others(const std::string& path, std::string_view start) {
  while (!start.empty() && std::isspace(static_cast<unsigned char>(start.front())))
    start.remove_prefix(1);
  for (const auto& [begin, what] : kOthers)
    if (start.starts_with(begin)) throw Error(fmt::format("{}: {}", path, what));
}

/// Where a file is one of several that make up a network.
std::string shard_hint(const std::string& path) {
  static const std::regex shard(R"(-(\d{5})-of-(\d{5})\.)");
  std::smatch parts;
  const std::string name = fs::path(path).filename();
  if (!std::regex_search(name, parts, shard) || parts[2] == "00001") return "";
  return fmt::format("{} is shard {} of {}: name the index (*.index.json) or the folder", name,
                     std::stoi(parts[1]), std::stoi(parts[2]));
}

WeightsFile open_single(const std::string& path) {
  std::error_code problem;
  const auto size = fs::file_size(path, problem);
  if (problem) throw Error(fmt::format("{}: cannot be read: {}", path, problem.message()));
  if (size == 0) throw Error(path + ": empty: a download or a copy of it did not come to its end");
  const auto start = first_bytes(path, 64);
  if (start.empty()) throw Error(path + ": cannot be read: no permission");
  if (!is_safetensors(start) && !is_torch_file(start)) refuse_others(path, start);
  auto file = is_safetensors(start) || !is_torch_file(start) ? open_safetensors(path)
                                                             : open_torch_file(path);
  file.hint = shard_hint(path);
  return file;
}

WeightsFile open_shards(const std::string& index) {
  WeightsFile all{.path = index};
  std::set<std::string> names;
  for (const auto& shard : core::shards_of(index))
    for (auto& entry : open_single(shard).tensors) {
      if (!names.insert(entry.name).second)
        throw Error(fmt::format("{}: tensor \"{}\" is in two shards", index, entry.name));
      entry.place = shard + " " + entry.place;
      all.tensors.push_back(std::move(entry));
    }
  return all;
}

}  // namespace

WeightsFile open_weights(const std::string& path) {
  const std::string main = core::main_weights_file(path);
  if (main.empty())
    throw Error(path +
                ": a folder without model.safetensors, pytorch_model.bin or an index of shards");
  try {
    const auto start = first_bytes(main, 9);
    auto file =
        start.starts_with('{') && !is_safetensors(start) ? open_shards(main) : open_single(main);
    file.path = path;
    return file;
  } catch (const core::Error& problem) {
    throw Error(problem.what());
  }
}

}  // namespace ktb::run
