#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "core/base/json.hpp"

namespace ktb::core {

/// Where a suite's `weights` lie, and what else belongs to them. A file of weights, an index of
/// shards, or a folder as Hugging Face's libraries keep one.
struct WeightsPlace {
  std::string path;     ///< absolute; as it was given where it is in no cache
  std::string missing;  ///< where there is nothing: what was looked for, and how to get it
};

/// `hf:ORG/NAME` and `hf:ORG/NAME@REVISION` are looked up in the cache of Hugging Face's libraries,
/// `torchvision:FILE` in that of torch.hub, anything else counts from `folder`.
WeightsPlace find_weights(const std::string& given, const std::filesystem::path& folder);

/// The file of a folder that is read: the first that is there of safetensors and torch.save's, in
/// one piece and in shards. A path that is no folder is itself. Empty: there is none.
std::string main_weights_file(const std::string& path);

/// All files that decide what is loaded. Throws Error where a shard is missing.
std::vector<std::string> files_of_weights(const std::string& path);

/// The shards that an index names, each once, beside it. Throws Error where it is no index, or a
/// shard is not there.
std::vector<std::string> shards_of(const std::string& index);

/// A folder's config.json; null where there is none. Throws Error where it is malformed.
Json config_of_weights(const std::string& path);

}  // namespace ktb::core
