#include "ktb/files/picture_table.hpp"

#include <ATen/Parallel.h>

#include <cstring>
#include <filesystem>

#include "ktb/files/cache.hpp"
#include "sdk/files/pixels.hpp"

namespace ktb {
namespace {

/// Two by two pixels over one: what a reader makes of them tells readers apart,
/// whatever its options are.
Bytes probe_picture() {
  const std::string head = "P6 1 2 255\n";
  Bytes picture(head.begin(), head.end());
  picture.insert(picture.end(), {250, 120, 30, 10, 60, 200});
  return picture;
}

void demand_all(const std::vector<std::string>& paths, const std::string& name) {
  std::string first;
  std::size_t missing = 0;
  for (const auto& path : paths) {
    std::error_code ignored;
    if (std::filesystem::is_regular_file(path, ignored)) continue;
    if (++missing <= 3) first += "\n  " + path;
  }
  if (missing == 0) return;
  throw Error(name + ": " + std::to_string(missing) + " of " + std::to_string(paths.size()) +
              " pictures are missing" + first + (missing > 3 ? "\n  ..." : ""));
}

}  // namespace

Tensor picture_table(const PictureReader& reader, const std::vector<std::string>& paths,
                     const std::string& name) {
  demand_all(paths, name);
  const auto probe = reader.decode(probe_picture(), "the probe").contiguous();
  CacheKey key;
  key.text(picture_decoders() + " " + reader.recipe());
  key.bytes(
      {probe.const_data_ptr<std::uint8_t>(), probe.const_data_ptr<std::uint8_t>() + probe.numel()});
  for (const auto& path : paths) key.file(path);

  const std::vector<std::int64_t> shape = {static_cast<std::int64_t>(paths.size()), probe.size(1),
                                           probe.size(2), probe.size(0)};
  const auto folder =
      paths.empty() ? "" : cache_folder(std::filesystem::path(paths[0]).parent_path().string());
  const auto table = cached(folder, name, key.hex(), shape, at::kByte, [&](Tensor& all) {
    const auto images = all.permute({0, 3, 1, 2});
    at::parallel_for(0, shape[0], 8, [&](auto begin, auto end) {
      for (auto i = begin; i < end; ++i) {
        const auto& path = paths[static_cast<std::size_t>(i)];
        images.select(0, i).copy_(reader.decode(read_file(path), path));
      }
    });
  });
  return table.permute({0, 3, 1, 2});
}

}  // namespace ktb
