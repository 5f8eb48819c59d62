#include "core/base/weights/weights_path.hpp"

#include <fmt/format.h>

#include <array>
#include <cstdlib>
#include <set>

#include "core/base/error.hpp"
#include "core/base/json_file.hpp"
#include "core/base/text_file.hpp"

namespace ktb::core {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kHuggingFace = "hf:", kTorchvision = "torchvision:";
constexpr std::array kMainFiles = {"model.safetensors", "model.safetensors.index.json",
                                   "pytorch_model.bin", "pytorch_model.bin.index.json"};

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

/// The first variable that is set, with what lies below it.
fs::path cache_folder(const std::vector<std::pair<const char*, const char*>>& places,
                      const char* below_cache) {
  for (const auto& [variable, below] : places)
    if (const auto value = environment(variable); !value.empty()) return fs::path(value) / below;
  const auto cache = environment("XDG_CACHE_HOME");
  return (cache.empty() ? fs::path(environment("HOME")) / ".cache" : fs::path(cache)) / below_cache;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
  return text;
}

WeightsPlace find_hugging_face(const std::string& given) {
  std::string name = given.substr(kHuggingFace.size()), revision = "main";
  if (const auto at = name.find('@'); at != std::string::npos) {
    revision = name.substr(at + 1);
    name.resize(at);
  }
  const fs::path hub = cache_folder({{"HF_HUB_CACHE", ""}, {"HF_HOME", "hub"}}, "huggingface/hub");
  const fs::path model = hub / ("models--" + replaced(name, "/", "--"));
  const fs::path reference = model / "refs" / revision;
  std::string commit = fs::is_regular_file(reference) ? read_text(reference.string()) : revision;
  while (!commit.empty() && std::isspace(static_cast<unsigned char>(commit.back())))
    commit.pop_back();
  const fs::path folder = model / "snapshots" / commit;
  if (!commit.empty() && fs::is_directory(folder)) return {folder.string(), ""};
  const std::string at = revision == "main" ? "" : " --revision " + revision;
  return {given, fmt::format("weights `{}` not found\n  wanted  revision {} of that model in the "
                             "cache of Hugging Face's libraries\n  looked  {}\n  get     hf "
                             "download {}{}",
                             given, revision, model.string(), name, at)};
}

WeightsPlace find_torchvision(const std::string& given) {
  const std::string name = given.substr(kTorchvision.size());
  const fs::path file = cache_folder({{"TORCH_HOME", "hub"}}, "torch/hub") / "checkpoints" / name;
  if (fs::is_regular_file(file)) return {file.string(), ""};
  return {given,
          fmt::format("weights `{}` not found\n  wanted  a file in the cache of torch.hub\n  "
                      "looked  {}\n  get     python3 -c \"import torch; "
                      "torch.hub.load_state_dict_from_url("
                      "'https://download.pytorch.org/models/{}')\"",
                      given, file.string(), name)};
}

}  // namespace

WeightsPlace find_weights(const std::string& given, const fs::path& folder) {
  if (given.starts_with(kHuggingFace)) return find_hugging_face(given);
  if (given.starts_with(kTorchvision)) return find_torchvision(given);
  const std::string path = fs::absolute(folder / given).lexically_normal().string();
  if (fs::exists(path)) return {path, ""};
  return {path, fmt::format("weights `{}` not found\n  wanted  a file of weights: safetensors, or "
                            "what torch.save writes\n  looked  {}\n  get     put it there, or "
                            "change `weights`",
                            fs::path(path).filename().string(), path)};
}

std::string main_weights_file(const std::string& path) {
  if (!fs::is_directory(path)) return path;
  for (const char* name : kMainFiles)
    if (fs::is_regular_file(fs::path(path) / name)) return (fs::path(path) / name).string();
  return "";
}

std::vector<std::string> shards_of(const std::string& index) {
  const Json json = parse_json(read_text(index), index);
  const auto map = json.is_object() ? json.find("weight_map") : json.end();
  if (map == json.end() || !map->is_object())
    throw Error(fmt::format("{}: JSON, and no index of shards: it has no `weight_map`", index));
  std::set<std::string> names;
  for (const auto& [tensor, file] : map->items()) {
    if (!file.is_string() || file.get<std::string>().find('/') != std::string::npos)
      throw Error(fmt::format("{}: `weight_map` names no file beside it for {}", index, tensor));
    names.insert(file.get<std::string>());
  }
  std::vector<std::string> shards;
  for (const auto& name : names) {
    shards.push_back((fs::path(index).parent_path() / name).string());
    if (!fs::is_regular_file(shards.back()))
      throw Error(fmt::format("{}: the shard {} is not beside it", index, name));
  }
  return shards;
}

std::vector<std::string> files_of_weights(const std::string& path) {
  const std::string main = main_weights_file(path);
  std::vector<std::string> files;
  if (const auto config = fs::path(path) / "config.json"; fs::is_regular_file(config))
    files.push_back(config.string());
  if (main.empty()) return files;
  files.push_back(main);
  if (main.ends_with(".json"))
    for (auto& shard : shards_of(main)) files.push_back(std::move(shard));
  return files;
}

Json config_of_weights(const std::string& path) {
  const auto config = fs::path(path) / "config.json";
  return fs::is_regular_file(config) ? parse_json(read_text(config.string()), config.string())
                                     : Json();
}

}  // namespace ktb::core
